// The role `console` as an HTTP handler: who asks, what for, and what they may see of the answer.
#pragma once

#include "event_view.hpp"
#include "falconer/net/http_handler.hpp"
#include "falconer/ports/event_queries.hpp"
#include "falconer/time_source.hpp"
#include "falconer/turnstile.hpp"
#include "news_desk.hpp"
#include "sessions.hpp"
#include "wire.hpp"

#include <asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace falconer::console {

/// Puts a quarantined body back: as an event, if it is one by today's rules.
class body_replay {
public:
    virtual ~body_replay() = default;

    struct outcome {
        bool           stored = false;
        std::string    why{};  // not
        event_position at{};   // of the event
    };
    /// Errors : those of storing.
    virtual task<result<outcome>> replay(aside_body what) = 0;
};

/// Threading: the loop thread. Borrows store, replay and time.
class handler final : public net::http_handler {
public:
    struct options {
        sessions::options        sign_in{};
        bool                     tls             = false;  // cookies are for encrypted ways only
        std::string              frame_ancestors = "'none'";
        std::vector<std::string> hosts{};  // names it answers to, without ports; none: any
        std::string              version{};
        std::vector<std::string> stores{"main"};
        std::size_t              questions = 8, tails = 6, exports = 2;  // of one session, at once
        std::size_t              files   = 16;                           // of all sessions, at once
        std::size_t              reading = 2;  // of these, for how many a page is read at once
    };

    handler(
        asio::any_io_executor loop, time_source& time, event_queries& store, body_replay& replay,
        options opt
    );

    std::optional<net::http_response> screen(net::http_request& head) override;
    task<net::http_response>          handle(net::http_request request) override;

private:
    /// A request whose sender is known.
    struct question {
        session_ptr       who{};
        std::string       token{};
        address           where{};
        net::http_request request{};
    };
    using reply = task<net::http_response>;
    struct route;
    static const route* route_of(
        const std::string& method, std::string_view path, bool& path_known
    );

    task<net::http_response> api(net::http_request request, address where);
    net::http_response documents(const net::http_request& request, const address& where) const;
    std::optional<net::http_response> forged(const net::http_request& request) const;
    net::http_response                with_guards(net::http_response answer) const;

    net::http_response ways_to_sign_in() const;
    net::http_response sign_in(const net::http_request& request);
    net::http_response sign_out(const net::http_request& request);
    std::string        me_json(const session& of) const;
    std::string        cookie_field(std::string_view token, std::chrono::seconds life) const;

    reply me(question q);
    reply fields(question q);
    reply events(question q);
    reply event(question q);
    reply raw_event(question q);
    reply facets(question q);
    reply histogram(question q);
    reply tail(question q);
    reply file(question q);
    reply clusters(question q);
    reply quarantine(question q);
    reply quarantined(question q);
    reply quarantined_bytes(question q);
    reply replay(question q);

    task<result<found_event>> find_event(const question& q);

    asio::any_io_executor loop_;
    time_source&          time_;
    event_queries&        store_;
    body_replay&          replay_;
    options               opt_;
    sessions              sessions_;
    news_desk             news_;
    /// Each file that is being written holds it: so many are there, and we.
    std::shared_ptr<turnstile> turns_;
};

}  // namespace falconer::console

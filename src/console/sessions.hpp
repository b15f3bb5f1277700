// Who is signed in.
#pragma once

#include "falconer/async.hpp"
#include "falconer/log.hpp"
#include "falconer/ports/event_queries.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer::console {

class garden_access;

struct user {
    std::string       name{};
    std::string       title{};  // "sees every cluster"
    secret            password{};
    readable_clusters sees{};
    bool              may_replay = false;
    bool              may_triage = false;  // what they see
};

/// One signed-in browser, or a token that asks without one. What it has under way is counted here.
struct session {
    user        who{};
    utc_time    ends{};
    std::string kind      = "demo";  // how they have signed in: demo, token, oidc, bearer
    bool        sealed    = false;   // it lies in its cookie, and can be opened anew
    bool        over      = false;   // signed out: whoever streams to it stops
    std::size_t questions = 0, tails = 0, exports = 0;

    secret         token{};           // of the garden's
    garden_access* garden = nullptr;  // who is asked about it; null: nobody
    steady_time    looked_until{};    // then again
};
using session_ptr = std::shared_ptr<session>;

/// Whether somebody is signed in and what they may see, as it is now: the garden is asked again
/// where that is due. To be called before every answer and every further piece of one.
/// Errors : denied  they are not (any more); unavailable, timed_out, overloaded: it is not known
task<result<void>> look_again(session_ptr who, time_source& time);

/// Keeps a count up for as long as it lives.
class counted_place {
public:
    counted_place(session_ptr whose, std::size_t session::* what)
        : whose_(std::move(whose)), what_(what) {
        ++((*whose_).*what_);
    }
    ~counted_place() {
        if (whose_) --((*whose_).*what_);
    }
    counted_place(counted_place&& other) noexcept  = default;
    counted_place& operator=(counted_place&&)      = delete;
    counted_place(const counted_place&)            = delete;
    counted_place& operator=(const counted_place&) = delete;

private:
    session_ptr whose_;
    std::size_t session::* what_;
};

/// In memory: they end with the process. Threading: the loop thread.
class sessions {
public:
    struct options {
        std::vector<user>    users{};
        std::chrono::seconds life{std::chrono::hours{24}};
        std::size_t          most     = 1000;
        std::size_t          of_one   = 50;  // user; beyond, the oldest of theirs ends
        std::size_t          failures = 10;  // of signing in, in a minute
    };
    sessions(time_source& time, options opt) : time_(time), opt_(std::move(opt)) {}

    struct opened {
        std::string token{};
        session_ptr what{};
    };
    /// Errors : denied      wrong name or password, which of both is not said
    ///          overloaded  too many were wrong in the last minute
    result<opened> sign_in(std::string_view name, std::string_view password);
    /// Nothing: there is none of that token, or it has ended.
    session_ptr find(std::string_view token);
    /// Of somebody whom the garden knows. `ends`: no later than that.
    /// `token`: what it is found by; empty: made here.
    opened open(session of, std::optional<utc_time> ends, std::string token = {});
    /// Whether somebody has signed out of it here, where others might open it again.
    bool is_over(std::string_view token) const;
    /// … of one that is not here. `ends`: when nobody could open it any more. The latest 100,000
    /// are remembered.
    void is_over_now(std::string_view token, utc_time ends);
    /// The one of a token that comes with every request; made by whoever gets nothing.
    session_ptr find_bearer(const secret& token);
    session_ptr open_bearer(session of, std::optional<utc_time> ends);
    /// Of all sessions of one user.
    std::size_t count(std::string_view user, std::size_t session::* what) const;
    /// False: there is none here.
    bool sign_out(std::string_view token);

    const std::vector<user>& users() const { return opt_.users; }
    std::chrono::seconds     life() const { return opt_.life; }

private:
    void keep(std::string token, session_ptr what);
    void tidy();
    void make_room(const user& who);

    time_source&                                    time_;
    options                                         opt_;
    std::map<std::string, session_ptr, std::less<>> all_;
    std::deque<std::string>                         oldest_first_;
    std::deque<steady_time>                         failed_;
    std::set<std::string>                           over_;        // by their digests
    std::deque<std::pair<std::string, utc_time>>    over_until_;  // the oldest first
};

}  // namespace falconer::console

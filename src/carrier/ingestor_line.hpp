// A controller's conversation with what answers at one address: an ingestor, or several of them
// behind a balancer.
#pragma once

#include "envelopes.hpp"
#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "falconer/net/http_client.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::carrier {

/// What all lines of a controller share; its owner.
class line_owner {
public:
    virtual ~line_owner() = default;

    /// Who we are, and since when. Older than somebody who leads: later from now on.
    virtual sender whose() const                  = 0;
    virtual void   begin_later(std::int64_t than) = 0;
    /// Signed, and valid for a while. Errors: there is no key.
    virtual result<std::string> token() = 0;
    /// Facts behind `after`, at most `messages` of them.
    virtual tell_request facts(std::uint64_t after, std::size_t messages) const = 0;
    virtual void         heard(const peer_answer& answer)                       = 0;
    virtual void         refused(const peer_answer& answer)                     = 0;
    virtual void         gone(const std::string& ingestor)                      = 0;
    virtual double       chance() const                                         = 0;  // 0 to 1
};

/// Threading: the loop thread only. Lifetime: the owner, the client and the time outlive it.
class ingestor_line {
public:
    struct options {
        std::chrono::milliseconds wait{20'000};  // of a request to hear
        std::chrono::milliseconds pause{500};    // after a failure; doubles, up to …
        std::chrono::milliseconds longest_pause{15'000};
        /// An ingestor that has not answered for so long will not come back as the same one.
        std::chrono::minutes gone{15};
        /// … and nobody takes pains to tell it, while others answer.
        std::chrono::minutes missed{1};
        std::size_t          batch = 1000;  // messages in a request
    };

    ingestor_line(
        time_source& time, net::http_client& client, net::http_place where, line_owner& owner,
        metrics_registry& metrics, options opt
    );

    /// Until cancelled, both.
    task<void> tell();
    task<void> hear();

    /// There are facts that were not there before.
    void news() { news_->ring(); }

    /// Since when nobody has answered, and why; nothing: somebody does.
    const std::optional<std::string>& trouble() const noexcept { return trouble_; }
    /// What somebody who answers here has not been told yet begins behind this.
    std::uint64_t      told_up_to() const noexcept;
    const std::string& name() const noexcept { return name_; }

private:
    struct ingestor {
        std::uint64_t told  = 0;  // up to there
        std::uint64_t heard = 0;
        bool          whole = false;  // what it had to say from the beginning on has been heard
        steady_time   at{};
    };
    /// One request to a path. Errors: whatever kept us from an answer, and what it refused.
    task<result<peer_answer>> ask(std::string_view path, std::string body);
    result<peer_answer>       read_reply(const net::http_response& reply);
    void                      note(const peer_answer& answer);
    const ingestor*           last_heard() const noexcept;
    std::uint64_t             told_in_all() const noexcept;
    tell_request              next_facts() const;
    void                      forget_gone();
    void                      failed(const failure& why);
    std::chrono::milliseconds next_pause(std::chrono::milliseconds& pause) const;

    time_source&                    time_;
    net::http_client&               client_;
    net::http_place                 where_;
    line_owner&                     owner_;
    options                         opt_;
    std::string                     name_;
    std::unique_ptr<bell>           news_;
    std::map<std::string, ingestor> known_{};
    std::uint64_t                   tells_ = 0, hears_ = 0;
    std::size_t                     batch_;
    std::optional<std::string>      trouble_{std::in_place, "nobody has answered yet"};
    counter&                        failures_;
    counter&                        requests_;
    log_gate                        gate_{std::chrono::minutes(1)};
};

}  // namespace falconer::carrier

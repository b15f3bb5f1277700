// Looks after one Extension: its reconcile state, its backoff, its timers.
#pragma once

#include "falconer/mailbox.hpp"
#include "falconer/messages.hpp"
#include "falconer/turnstile.hpp"
#include "shoot_health.hpp"
#include "shoot_round.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace falconer::actors {

/// Lifetime : run() until it is cancelled, or ends because there is nothing left to look after.
/// Threading: the loop thread only.
class shoot_actor {
public:
    struct options {
        std::chrono::seconds      limit{180};  // of one round
        std::chrono::milliseconds first_pause{1000};
        std::chrono::milliseconds longest_pause{600'000};
        /// So long after something has changed its health is looked at: most of what is amiss
        /// then is only on its way. Source: the Go extension's period.
        std::chrono::seconds health{10};
        std::chrono::seconds unwell{30};  // … and again, while it is not well
        /// So long after somebody else has changed what was delivered it is delivered anew: two who
        /// would both do so do not keep each other busy.
        std::chrono::seconds    redo{30};
        std::function<double()> chance{};  // evenly between 0 and 1
    };
    struct statistics {
        std::uint64_t rounds = 0, failures = 0, writes = 0;
    };

    /// So many rounds, and so many looks, at once in the process. Looks have places of their own:
    /// they may wait for a cluster that does not answer, and nobody's round waits for them.
    struct gates {
        turnstile rounds, looks;
    };

    /// `first_look`: by itself, at the latest.
    shoot_actor(
        kube_key key, const shoot_round::surroundings& with, gates& at, const options& opt,
        utc_time first_look
    );

    /// Ten changes during a round are one more round.
    void tell(const shoot_message& what);
    /// The Extension's class, which stays as long as it does, and what its conditions say, as a
    /// watch tells it.
    void heard(falco::extension_class is, std::vector<falco::health_condition> are);

    task<void> run();

    const kube_key&        key() const noexcept { return key_; }
    falco::extension_class is() const noexcept { return health_.is; }
    const statistics&      counts() const noexcept { return counts_; }
    bool                   gone() const noexcept { return gone_; }
    /// Of the last round; empty: it went well.
    const std::string& trouble_now() const noexcept { return trouble_; }
    /// How long a round of it has been under way; zero: none is.
    steady_time::duration busy_for(steady_time now) const {
        return round_began_ ? now - *round_began_ : steady_time::duration::zero();
    }
    bool settled() const noexcept { return rounds_wanted_ == 0 && counts_.rounds > 0; }

private:
    void                      read_mail();
    task<round_outcome>       one_round();
    void                      take_in(round_outcome outcome);
    bool                      is_as_delivered() const;
    void                      fail(const trouble& wrong, bool told);
    task<void>                look_at_health();
    void                      want_health(std::chrono::seconds within);
    std::chrono::milliseconds pause() const;
    void                      set_due(utc_time when);

    kube_key                             key_;
    const shoot_round::surroundings&     with_;
    gates&                               gates_;
    const options&                       opt_;
    std::unique_ptr<bell>                bell_;
    latest_of<shoot_message>             mail_{};
    int                                  rounds_wanted_ = 0;  // 0 or 1
    utc_time                             due_{};
    steady_time                          due_by_{};    // as late as that, if the wall clock steps
    std::optional<utc_time>              redo_due_{};  // what was delivered is there no longer
    shoot_round::history                 history_{};
    bool                                 waits_for_others_ = false;
    bool                                 left_alone_       = false;  // by the last round
    bool                                 gone_             = false;
    std::optional<steady_time>           round_began_{};
    known_health                         health_{};
    std::vector<falco::health_condition> conditions_{};  // as they stand
    std::optional<steady_time>           health_due_{};
    std::string                          trouble_{};
    delivered_contents                   contents_{};  // by the last round that went well
    statistics                           counts_{};
};

}  // namespace falconer::actors

// All cluster actors of the process: opened on the first valid token, closed when idle.
#pragma once

#include "cluster_actor.hpp"

#include "falconer/messages.hpp"
#include "falconer/ports/cluster_desk.hpp"
#include "falconer/ports/event_sink.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace falconer::actors {

/// Lifetime : run() reports and forgets until it is cancelled.
/// Threading: the loop thread only.
class clusters final : public cluster_desks, public post_office {
public:
    struct options {
        cluster_actor::options cluster{};
        std::chrono::minutes   idle{60};  // unheard of for that long: forgotten
        std::chrono::minutes   sweep{1};
        /// Nodes beat once an hour: two missed in a row are a silence.
        std::chrono::minutes silence{135};
        /// A cluster counts as having a budget again when it has spent none too much for so long.
        std::chrono::minutes calm{15};
        /// Others hear of a cluster's heartbeats and overspending no more often than that.
        std::chrono::minutes share{5};
        std::size_t          elsewhere = 20'000;  // clusters that others say have spent too much
    };

    /// Tokens that clusters were refused, and exact bytes of theirs that were not kept, are counted
    /// in `sink`, a tally per cluster and minute.
    /// `shoots`: hear what concerns them, where they are in this process; or null.
    clusters(time_source& time, event_sink& sink, options opt, shoot_office* shoots = nullptr);

    /// What is seen here is told to `others`, who take in events beside us. They outlive us.
    void tell_also(post_office& others) { others_ = &others; }

    std::shared_ptr<cluster_desk> desk_of(const cluster_ref& cluster) override;
    void tell(const cluster_identity& to, const cluster_message& what) override;

    /// The rate ledger could not book what it has spent.
    void settlement_was_refused(const cluster_identity& of) {
        if (const auto known = open_.find(of.text); known != open_.end())
            known->second->settlement_was_refused();
    }

    /// What is known here of a cluster beyond what it sends.
    struct knowledge {
        std::optional<bool>        asleep{};  // nothing: nobody has said so
        bool                       gone           = false;
        bool                       beats_expected = false;
        steady_time                expected_since{};  // if they are
        std::optional<steady_time> beat{};  // the last one that proved itself, to whomever
    };
    knowledge known_of(const std::string& identity) const;

    task<void>  run();
    std::size_t size() const noexcept { return open_.size(); }

    template <class Visitor>
    void each(Visitor&& visit) {
        for (auto& [name, actor] : open_) visit(*actor);
    }

private:
    /// What a cluster has to know from its first moment on, whether it is open or not.
    struct standing_orders {
        std::optional<tokens_revoked>     revocation{};
        std::optional<budget_changed>     budget{};
        std::optional<token_rotated>      generation{}, generation_before{};
        std::optional<heartbeat_expected> heartbeat{};
        steady_time                       beat_at{};    // or since when one is expected
        std::optional<steady_time>        seen_at{};    // a beat, by somebody else
        std::optional<steady_time>        proven_at{};  // one by us, of an actor that may have gone
        steady_time                       expected_at{};
        bool                              gone               = false;
        bool                              silent             = false;  // as told
        bool                              told_that_it_beats = false;
    };
    /// As told to those beside us.
    struct shared_sights {
        std::optional<steady_time> beat{}, spent{};
    };
    void        remember(const cluster_identity& to, const cluster_message& what);
    void        expect(standing_orders& of, const heartbeat_expected& fact);
    steady_time moment_of(utc_time at) const;
    void        tell_shoots();
    void        tell_budgets();
    void        tell_others();
    task<void>  tell_counts();
    void        forget_idle();

    using by_name = std::string_view;  // of the actor's own name: a key that costs nothing

    time_source&                                                time_;
    event_sink&                                                 sink_;
    options                                                     opt_;
    std::unordered_map<by_name, std::shared_ptr<cluster_actor>> open_;
    std::unordered_map<std::string, standing_orders>            orders_;
    std::set<std::string>                                       told_spent_;
    std::map<std::string, steady_time>                          spent_elsewhere_;
    std::map<std::string, shared_sights, std::less<>>           shared_;
    post_office*                                                others_ = nullptr;
    std::unique_ptr<bell>                                       clock_;
    shoot_office*                                               shoots_;
};

}  // namespace falconer::actors

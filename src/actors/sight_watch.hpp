// Looks once a minute at how all clusters are seen, and keeps what has changed.
#pragma once

#include "clusters.hpp"

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "falconer/ports/sight_ledger.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

namespace falconer::actors {

/// Puts together what the store knows of clusters and what controllers say of them, and judges.
/// Every replica may run one: the ledger lets one of them judge. Shoots hear of what is wrong,
/// round after round, and once that it is over.
///
/// Lifetime : run() until it is cancelled; borrows what it is given.
/// Threading: the loop thread only.
class sight_watch {
public:
    struct options {
        std::chrono::seconds interval{60};
        /// When nobody has looked for so long, nothing counts as missed in that time.
        std::chrono::minutes absence{5};
        /// An older heartbeat says nothing of one that is expected only now.
        std::chrono::hours old_beat{6};
        sight_limits       limits{};
    };
    /// Whether events wait elsewhere than in the store, so that it does not know what has come.
    using blindfold = std::function<bool()>;

    sight_watch(
        time_source& time, const clusters& all, sight_ledger& ledger, metrics_registry& metrics,
        blindfold events_wait, options opt, shoot_office* shoots = nullptr
    );

    task<void> run();
    /// Errors: the ledger's.
    task<result<void>> once();

private:
    using troubles = std::map<std::string, sight>;

    /// What the record does not know, added. True: something of that must be kept.
    bool complete(sight_record& record, utc_time now) const;
    bool settle_rest(sight_record& record, const clusters::knowledge& known, utc_time now) const;
    void count(const landscape_sight& all);
    void not_ours();
    void tell_shoots(troubles now);

    time_source&          time_;
    const clusters&       clusters_;
    sight_ledger&         ledger_;
    blindfold             events_wait_;
    options               opt_;
    shoot_office*         shoots_;
    std::set<std::string> told_;  // shoots that have been told of a trouble
    std::array<gauge*, 4> states_{};
    gauge&                outage_;
    counter&              changes_;
    counter&              failures_;
    log_gate              gate_{std::chrono::minutes(1)};
};

}  // namespace falconer::actors

// Settles the clusters' quotas with the other replicas, through the store.
#pragma once

#include "clusters.hpp"

#include "falconer/log.hpp"
#include "falconer/ports/quota_ledger.hpp"

#include <chrono>
#include <memory>

namespace falconer::actors {

/// Each cluster goes by its own opinion of what is left; once in a while the replicas' common one
/// corrects it. Between two settlements a cluster may overspend by what the replicas let through in
/// that time. With the store away everyone goes by his own opinion, and nothing spent is forgotten.
///
/// Lifetime : run() settles until it is cancelled, or close() lets it end.
class rate_ledger {
public:
    struct options {
        std::chrono::milliseconds every{1'000};
        std::chrono::milliseconds limit{3'000};     // for one settlement
        std::size_t               at_once = 2'000;  // clusters per settlement
    };

    rate_ledger(time_source& time, clusters& all, quota_ledger& ledger, options opt);

    /// The only one who settles: two rounds at once would book the same spending twice.
    task<void> run();
    /// One more round, and run() ends.
    void close();

private:
    /// One round over all clusters that have spent something.
    task<void> settle();

    time_source&          time_;
    clusters&             clusters_;
    quota_ledger&         ledger_;
    options               opt_;
    std::unique_ptr<bell> clock_;
    bool                  closed_ = false;
    log_gate              gate_{std::chrono::minutes(1)};
};

}  // namespace falconer::actors

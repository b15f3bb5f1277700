// Settles the clusters' quotas with the other replicas, through the store.
#pragma once

#include "clusters.hpp"

#include "falconer/log.hpp"
#include "falconer/ports/quota_ledger.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace falconer::actors {

/// Each cluster goes by its own opinion of what is left; once in a while the replicas' common one
/// corrects it: when a share of what is left has been spent, else every half minute to a minute.
/// Between two settlements a cluster may overspend by what the replicas let through in that time.
/// With the store away everyone goes by his own opinion, and nothing spent is forgotten.
///
/// A settlement whose end is unclear is repeated until it is clear, under the same id, so that
/// nothing is booked twice. A cluster that cannot be booked is found by halving and fails alone.
///
/// Lifetime : run() settles until it is cancelled, or close() lets it end.
class rate_ledger {
public:
    struct options {
        std::chrono::milliseconds look{1'000};      // how often it is looked who is due
        unsigned                  share = 8;        // who has spent an eighth of what is left …
        std::chrono::seconds      soonest{30};      // … or has not settled for this long to
        std::chrono::seconds      latest{60};       // this long: each cluster at a time of its own
        std::chrono::milliseconds limit{3'000};     // for one settlement
        std::size_t               at_once = 2'000;  // clusters per settlement
    };

    rate_ledger(time_source& time, clusters& all, quota_ledger& ledger, options opt);

    /// The only one who settles: two rounds at once would book the same spending twice.
    task<void> run();
    /// One more round, over all who have spent something, and run() ends.
    void close();

private:
    struct settlement {
        uuid                     id{};
        std::vector<quota_usage> usages{};
    };
    enum class ending { clear, unclear };

    bool                    is_due(const cluster_actor& cluster, steady_time now) const;
    std::vector<settlement> due_now();
    task<void>              settle();
    task<ending>            book(settlement what);
    task<ending>            book_halves(settlement what);
    void                    tell(const settlement& what, const std::vector<quota_left>& left);
    void                    refused(const quota_usage& who, const failure& why);

    time_source&              time_;
    clusters&                 clusters_;
    quota_ledger&             ledger_;
    options                   opt_;
    std::unique_ptr<bell>     clock_;
    bool                      closed_ = false;
    std::optional<settlement> unclear_{};  // may have been booked or not
    log_gate                  away_gate_{std::chrono::minutes(1)};
    log_gate                  refused_gate_{std::chrono::minutes(1)};
};

}  // namespace falconer::actors

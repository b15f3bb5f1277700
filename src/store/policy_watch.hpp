// What operators decided about single clusters, told to the clusters' actors as it changes.
#pragma once

#include "falconer/event.hpp"
#include "falconer/log.hpp"
#include "falconer/messages.hpp"
#include "pg_connection.hpp"

#include <asio/any_io_executor.hpp>

#include <map>
#include <string>

namespace falconer::store {

struct cluster_policy {
    std::optional<std::uint64_t> daily_events{};
    std::optional<utc_time>      tokens_issued_before{};

    friend bool operator==(const cluster_policy&, const cluster_policy&) = default;
};

/// Reads the table when something changes (LISTEN), and now and then in any case.
/// A row that cannot be meant is named in the log and taken for what comes nearest; the others
/// count as they are. Threading: the loop thread.
class policy_watch {
public:
    struct options {
        pg_options                postgres{};
        std::chrono::milliseconds query_limit{5'000};
        std::chrono::milliseconds look{60'000};  // without being told
        std::chrono::milliseconds pause{1'000};  // after a failure; doubles up to `look`
    };

    policy_watch(asio::any_io_executor loop, time_source& time, post_office& office, options opt);

    /// Reads the table once, for those who must know it before they begin.
    /// Errors : those of connecting and of query()
    task<result<void>> look();

    /// Clusters whose rows cannot be meant, and why.
    const std::map<std::string, std::string>& faults() const noexcept { return faults_; }

    /// Until cancelled. A store that cannot be reached is no end: what is known stays in force.
    task<void> run();

private:
    task<result<void>> listen();
    task<result<void>> read();
    void               name_faults(std::map<std::string, std::string> now);
    void tell(const std::string& cluster, const cluster_policy& was, const cluster_policy& is);

    asio::any_io_executor                 loop_;
    time_source&                          time_;
    post_office&                          office_;
    options                               opt_;
    pg_connection::ptr                    connection_;
    std::map<std::string, cluster_policy> known_;
    std::map<std::string, std::string>    faults_;  // rows that cannot be meant, and why
    log_gate                              gate_{std::chrono::minutes(1)};
};

/// Has anything of it ever been stored? Errors: those of query().
task<result<bool>> is_known(pg_connection& store, std::string cluster);

/// Sets or lifts (nothing) what is said. Errors: those of query().
task<result<void>> set_daily_events(
    pg_connection& store, std::string cluster, std::optional<std::uint64_t> events
);

/// Refuses the cluster's tokens that were issued before a time (its second; nothing: the store's
/// now). Yields what counts, "2026-11-20T00:00:00Z". Errors: those of query().
task<result<std::string>> refuse_tokens(
    pg_connection& store, std::string cluster, std::optional<event_time> before, std::string reason
);
/// Lifts that. Errors: those of query().
task<result<void>> accept_tokens(pg_connection& store, std::string cluster, std::string reason);

}  // namespace falconer::store

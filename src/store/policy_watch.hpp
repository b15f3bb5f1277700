// What operators decided about single clusters, told to the clusters' actors as it changes.
#pragma once

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
/// Threading: the loop thread.
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

    /// Until cancelled. A store that cannot be reached is no end: what is known stays in force.
    task<void> run();

private:
    task<result<void>> listen();
    task<result<void>> read();
    void tell(const std::string& cluster, const cluster_policy& was, const cluster_policy& is);

    asio::any_io_executor                 loop_;
    time_source&                          time_;
    post_office&                          office_;
    options                               opt_;
    pg_connection::ptr                    connection_;
    std::map<std::string, cluster_policy> known_;
    log_gate                              gate_{std::chrono::minutes(1)};
};

/// Has anything of it ever been stored? Errors: those of query().
task<result<bool>> is_known(pg_connection& store, std::string cluster);

/// Sets or lifts (nothing) what is said. Errors: those of query().
task<result<void>> set_daily_events(
    pg_connection& store, std::string cluster, std::optional<std::uint64_t> events
);
task<result<void>> set_tokens_issued_before(
    pg_connection& store, std::string cluster, std::optional<utc_time> before, std::string reason
);

}  // namespace falconer::store

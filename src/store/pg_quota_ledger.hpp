// The clusters' quotas in PostgreSQL: token buckets that all replicas share and restarts survive.
#pragma once

#include "dictionary.hpp"
#include "falconer/ports/quota_ledger.hpp"
#include "pg_connection.hpp"

namespace falconer::store {

/// Time is the server's, so the replicas' clocks do not matter. A cluster may stand only once among
/// the usages of one call. Threading: the loop thread; one settlement at a time.
class pg_quota_ledger final : public quota_ledger {
public:
    struct options {
        pg_options                postgres{};
        std::chrono::milliseconds settle_limit{5'000};
        std::size_t               dictionary_bytes = 1 << 20;
    };

    pg_quota_ledger(asio::any_io_executor loop, time_source& time, options opt);

    task<result<std::vector<quota_left>>> settle(
        const uuid& id, std::span<const quota_usage> usages
    ) override;

private:
    asio::any_io_executor loop_;
    time_source&          time_;
    options               opt_;
    dictionary            words_;
    pg_connection::ptr    connection_;
    uuid                  clear_{};  // booked, and not asked for again once another id comes
};

}  // namespace falconer::store

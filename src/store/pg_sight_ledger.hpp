// What is known of clusters over time, in PostgreSQL.
#pragma once

#include "falconer/ports/sight_ledger.hpp"
#include "pg_connection.hpp"

#include <cstdint>
#include <string>

namespace falconer::store {

/// Of all replicas the one judges whose session holds the lock. Source: migrations/0017_sight.sql
/// Threading: the loop thread; one call at a time.
class pg_sight_ledger final : public sight_ledger {
public:
    struct options {
        pg_options                postgres{};  // the writer will do
        std::chrono::milliseconds limit{std::chrono::seconds{30}};
        int                       learn  = 100;  // rhythms, at each look
        std::chrono::minutes      window = sight_limits{}.window;
    };

    pg_sight_ledger(asio::any_io_executor loop, time_source& time, options opt);

    task<result<std::optional<sight_records>>> look() override;
    task<result<std::uint64_t>>                keep(sight_round what) override;

private:
    task<result<bool>> hold();
    task<result<void>> read_round(sight_records& into);
    task<result<void>> read_clusters(sight_records& into);

    asio::any_io_executor loop_;
    time_source&          time_;
    options               opt_;
    pg_connection::ptr    connection_;
    bool                  ours_ = false;  // the lock, as long as the connection is
};

}  // namespace falconer::store

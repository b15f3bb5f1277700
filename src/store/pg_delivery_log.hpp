// The delivery log of one store.
#pragma once

#include "falconer/ports/delivery_log.hpp"
#include "lone_writer.hpp"
#include "pg_event_queries.hpp"

namespace falconer::store {

/// Reads over the connections of `reads`; writes over one of its own. Borrows `reads`.
/// Source: migrations/0016_deliveries.sql. Threading: the loop thread.
class pg_delivery_log final : public alerts::delivery_log {
public:
    pg_delivery_log(
        asio::any_io_executor loop, time_source& time, pg_event_queries& reads, pg_options writer
    );

    task<result<std::vector<alerts::kept_delivery>>> deliveries(alerts::delivery_selection which
    ) override;
    task<result<std::vector<alerts::kept_try>>>      tries(std::int64_t seq, std::string project)
        override;
    task<result<void>> replay(std::int64_t seq, std::string project, std::string who) override;

private:
    task<result<pg_rows>> read(std::string sql, pg_connection::params values);

    pg_event_queries& reads_;
    lone_writer       writer_;
};

}  // namespace falconer::store

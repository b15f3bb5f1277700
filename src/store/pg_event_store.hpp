// The event store on PostgreSQL: a batch is one message and one transaction.
#pragma once

#include "dictionary.hpp"
#include "event_batch.hpp"
#include "falconer/ports/event_store.hpp"
#include "pg_connection.hpp"
#include "pg_copy.hpp"

#include <set>

namespace falconer::store {

/// Threading: the loop thread; one insert at a time. Two stores may write to one database.
/// Clocks   : two replicas whose inserts of the same event fall to different days within the same
///            instant of midnight may store it twice.
class pg_event_store final : public event_store {
public:
    struct options {
        pg_options                postgres{};
        std::chrono::milliseconds insert_limit{5'000};  // connecting included
        std::chrono::days         oldest_receipt{400};  // older receipts count as this old
        std::size_t               dictionary_bytes = 8 << 20;
    };

    pg_event_store(asio::any_io_executor loop, time_source& time, options opt);

    task<result<std::vector<stored_as>>> insert(const record_batch& batch) override;

private:
    task<result<std::vector<stored_as>>> insert_once(const record_batch& batch, bool& again);
    task<result<void>>                   connect();
    task<result<void>>                   ensure_days(const std::set<std::chrono::sys_days>& days);

    asio::any_io_executor           loop_;
    time_source&                    time_;
    options                         opt_;
    dictionary                      words_;
    pg_copy                         copy_;
    pg_connection::ptr              connection_;
    std::set<std::chrono::sys_days> days_;  // that have a partition
};

}  // namespace falconer::store

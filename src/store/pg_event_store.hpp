// The event store on PostgreSQL: a batch is one message and one transaction.
//
// Repetitions cost nothing while there are none: a batch is copied in at once, and the unique index
// of the day refuses it as a whole if an event is there already. Only then, and for some batches
// more, is the store asked first which of them it has; and always of those events, and no others,
// that may lie under another day.
#pragma once

#include "dictionary.hpp"
#include "event_batch.hpp"
#include "falconer/ports/event_store.hpp"
#include "pg_connection.hpp"
#include "pg_copy.hpp"

#include <set>

namespace falconer::store {

/// Threading: the loop thread; one insert at a time. Two stores may write to one database.
/// Clocks   : an event that comes again on the day after is stored twice if its cluster's clock is
///            ahead by more than an hour, or if two replicas store it in the same instant.
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
    /// What to do about a batch that was not stored.
    enum class next_step { give_up, try_again, ask_and_try_again };
    task<result<std::vector<stored_as>>> insert_once(
        const record_batch& batch, ask_about whom, next_step& next
    );
    next_step          after_refusal();
    task<result<void>> connect();
    task<result<void>> ensure_days(const std::set<std::chrono::sys_days>& days);

    asio::any_io_executor           loop_;
    time_source&                    time_;
    options                         opt_;
    dictionary                      words_;
    pg_copy                         copy_;
    pg_connection::ptr              connection_;
    std::set<std::chrono::sys_days> days_;     // that have a partition
    int                             ask_ = 0;  // so many batches more are asked about as a whole
};

}  // namespace falconer::store

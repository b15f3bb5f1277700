// Several connections as one event store: batches that are under way at the same time.
#pragma once

#include "pg_event_store.hpp"

#include <deque>
#include <memory>
#include <vector>

namespace falconer::store {

/// Threading: the loop thread; any number of inserts at a time. Those beyond the number of
/// connections wait their turn, in the order they came.
/// Lifetime : no insert may be under way when it is destroyed.
class pg_event_store_pool final : public event_store {
public:
    pg_event_store_pool(
        asio::any_io_executor loop, time_source& time, const pg_event_store::options& opt,
        std::size_t connections
    );

    task<result<std::vector<stored_as>>> insert(const record_batch& batch) override;

    std::size_t idle() const noexcept { return idle_.size(); }

private:
    class loan;

    time_source&                                 time_;
    std::vector<std::unique_ptr<pg_event_store>> all_;
    std::vector<pg_event_store*> idle_;   // the latest used last: its caches are warm
    std::deque<bell*>            queue_;  // who waits; lives in the waiting insert
};

}  // namespace falconer::store

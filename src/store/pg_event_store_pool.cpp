#include "pg_event_store_pool.hpp"

#include <algorithm>

namespace falconer::store {

/// A connection, given back however the insert ends.
class pg_event_store_pool::loan {
public:
    explicit loan(pg_event_store_pool& pool) : pool_(pool), what_(pool.idle_.back()) {
        pool_.idle_.pop_back();
    }
    ~loan() {
        pool_.idle_.push_back(what_);
        if (!pool_.queue_.empty()) pool_.queue_.front()->ring();
    }
    loan(const loan&)            = delete;
    loan& operator=(const loan&) = delete;

    pg_event_store* operator->() const { return what_; }

private:
    pg_event_store_pool& pool_;
    pg_event_store*      what_;
};

namespace {

/// A place in the queue, given up however the wait ends.
class place_in {
public:
    place_in(std::deque<bell*>& queue, bell& mine) : queue_(queue), mine_(mine) {
        queue_.push_back(&mine);
    }
    ~place_in() {
        std::erase(queue_, &mine_);
        if (!queue_.empty()) queue_.front()->ring();  // ours may have been the ring that got lost
    }
    place_in(const place_in&)            = delete;
    place_in& operator=(const place_in&) = delete;

private:
    std::deque<bell*>& queue_;
    bell&              mine_;
};

}  // namespace

pg_event_store_pool::pg_event_store_pool(
    asio::any_io_executor loop, time_source& time, const pg_event_store::options& opt,
    std::size_t connections
)
    : time_(time) {
    for (std::size_t i = 0; i < connections; ++i) {
        all_.push_back(std::make_unique<pg_event_store>(loop, time, opt));
        idle_.push_back(all_.back().get());
    }
}

task<result<std::vector<stored_as>>> pg_event_store_pool::insert(const record_batch& batch) {
    if (idle_.empty() || !queue_.empty()) {
        const auto     mine = time_.make_bell();
        const place_in turn(queue_, *mine);
        while (idle_.empty() || queue_.front() != mine.get()) co_await mine->wait_until(never);
    }
    loan store(*this);
    co_return co_await store->insert(batch);
}

}  // namespace falconer::store

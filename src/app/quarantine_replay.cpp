#include "quarantine_replay.hpp"

#include "put_back.hpp"
#include "store/quarantine.hpp"

#include <utility>

namespace falconer::app {

quarantine_replay::quarantine_replay(
    asio::any_io_executor loop, time_source& time, store::pg_options writer
)
    : loop_(loop), time_(time), writer_(std::move(writer)),
      events_(loop, time, put_back_options(writer_)), one_at_a_time_(loop, 1) {}

task<result<console::body_replay::outcome>> quarantine_replay::replay(aside_body what) {
    co_await one_at_a_time_.enter();
    const place_in turn(one_at_a_time_);
    body_aside     aside{what.cluster.identity, what.received, std::move(what.body)};
    auto           done = co_await put_back(events_, std::move(aside));
    if (!done) co_return std::move(done).error();
    outcome became;
    became.why = std::move(done->why);
    if (!done->stored) co_return became;
    became.at   = {what.received, done->id, what.digest};
    auto marked = co_await mark(what.id);
    if (!marked) co_return std::move(marked).error();
    became.stored = true;
    co_return became;
}

task<result<void>> quarantine_replay::mark(std::int64_t id) {
    auto db = co_await store::pg_connection::open(loop_, time_, writer_);
    if (!db) co_return std::move(db).error();
    co_return co_await store::mark_replayed(**db, id);
}

}  // namespace falconer::app

#include "quarantine_replay.hpp"

#include "ingest/event_json.hpp"
#include "store/quarantine.hpp"

#include <utility>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

store::pg_event_store::options store_options(store::pg_options writer) {
    store::pg_event_store::options how;
    how.postgres       = std::move(writer);
    how.insert_limit   = 30s;
    how.oldest_receipt = std::chrono::days(36'500);  // a body keeps the time it came
    return how;
}

}  // namespace

quarantine_replay::quarantine_replay(
    asio::any_io_executor loop, time_source& time, store::pg_options writer
)
    : loop_(loop), time_(time), writer_(std::move(writer)),
      events_(loop, time, store_options(writer_)), one_at_a_time_(loop, 1) {}

task<result<console::body_replay::outcome>> quarantine_replay::replay(aside_body what) {
    co_await one_at_a_time_.enter();
    const place_in turn(one_at_a_time_);
    const auto     from =
        std::make_shared<const cluster_identity>(cluster_identity{what.cluster.identity});
    auto    verdict = ingest::check_event(what.body, *from, what.received);
    outcome became;
    became.why = verdict.reason;
    if (verdict.what != ingest::event_verdict::kind::store) co_return became;
    verdict.event.from     = from;
    verdict.event.received = what.received;
    verdict.event.set(event_flag::requarantine);
    became.at = {what.received, verdict.event.id, what.digest};
    record_batch batch;
    batch.id = uuid::random();
    batch.records.emplace_back(std::move(verdict.event));
    auto stored = co_await events_.insert(batch);
    if (!stored) {
        const auto code = stored.error().code;
        const bool its_fault =
            code == errc::malformed || code == errc::too_large || code == errc::conflict;
        if (!its_fault) co_return std::move(stored).error();
        became.why = stored.error().detail;
        co_return became;
    }
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

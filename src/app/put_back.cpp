#include "put_back.hpp"

#include "ingest/event_json.hpp"

#include <memory>
#include <utility>

namespace falconer::app {

store::pg_event_store::options put_back_options(store::pg_options writer) {
    store::pg_event_store::options how;
    how.postgres       = std::move(writer);
    how.insert_limit   = std::chrono::seconds(30);
    how.oldest_receipt = std::chrono::days(36'500);
    return how;
}

task<result<put_back_outcome>> put_back(event_store& into, body_aside what) {
    const auto from    = std::make_shared<const cluster_identity>(cluster_identity{what.cluster});
    auto       verdict = ingest::check_event(what.body, *from, what.received);
    put_back_outcome became;
    became.why = std::move(verdict.reason);
    if (verdict.what != ingest::event_verdict::kind::store) co_return became;
    verdict.event.from     = from;
    verdict.event.received = what.received;
    verdict.event.set(event_flag::requarantine);
    became.id = verdict.event.id;
    record_batch batch;
    batch.id = uuid::random();
    batch.records.emplace_back(std::move(verdict.event));
    auto stored = co_await into.insert(batch);
    if (stored) {
        became.stored = stored->front();
        co_return became;
    }
    const auto code = stored.error().code;
    if (code != errc::malformed && code != errc::too_large && code != errc::conflict)
        co_return std::move(stored).error();
    became.why = stored.error().detail;
    co_return became;
}

}  // namespace falconer::app

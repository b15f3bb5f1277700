#include "spool_drain.hpp"

namespace falconer::cli {
namespace {

constexpr std::size_t most_records = 512;  // in one transaction of the store

}  // namespace

task<result<void>> drain_spool(
    event_spool& from, event_store& to, drain_sum& sum, drain_progress show
) {
    std::size_t most = most_records;
    for (;;) {
        auto next = co_await from.front(most);
        if (!next) co_return std::move(next).error().while_doing("reading the spool");
        if (!next->has_value()) co_return result<void>{};
        auto& batch    = **next;
        batch.replayed = true;
        auto stored    = co_await to.insert(batch);
        if (!stored && most > 0 && !worth_retrying(stored.error())) {
            most = 0;  // those before the culprit, one by one
            continue;
        }
        if (!stored) co_return std::move(stored).error().while_doing("storing a batch");
        most = most_records;
        for (const auto how : *stored) ++sum.records[static_cast<std::size_t>(how)];
        ++sum.batches;
        auto done = co_await from.pop();
        if (!done) co_return std::move(done).error().while_doing("leaving the spool");
        if (show) show(sum, from.status());
    }
}

}  // namespace falconer::cli

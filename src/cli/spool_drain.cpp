#include "spool_drain.hpp"

namespace falconer::cli {

task<result<void>> drain_spool(
    event_spool& from, event_store& to, drain_sum& sum, drain_progress show
) {
    for (;;) {
        auto next = co_await from.front();
        if (!next) co_return std::move(next).error().while_doing("reading the spool");
        if (!next->has_value()) co_return result<void>{};
        auto& batch    = **next;
        batch.replayed = true;
        auto stored    = co_await to.insert(batch);
        if (!stored) co_return std::move(stored).error().while_doing("storing a batch");
        for (const auto how : *stored) ++sum.records[static_cast<std::size_t>(how)];
        ++sum.batches;
        auto done = co_await from.pop();
        if (!done) co_return std::move(done).error().while_doing("leaving the spool");
        if (show) show(sum, from.status());
    }
}

}  // namespace falconer::cli

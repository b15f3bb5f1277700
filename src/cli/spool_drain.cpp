#include "spool_drain.hpp"

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_records = 512;    // in one transaction of the store
constexpr auto        limit        = 10min;  // for one: nobody waits for its answer

}  // namespace

task<result<void>> drain_spool(
    event_spool& from, actors::isolation& to, drain_sum& sum, drain_progress show
) {
    for (;;) {
        auto next = co_await from.front(most_records);
        if (!next) co_return std::move(next).error().while_doing("reading the spool");
        if (!next->has_value()) co_return result<void>{};
        auto& batch    = **next;
        batch.replayed = true;
        auto stored    = co_await to.insert(batch, limit);
        if (!stored) co_return std::move(stored).error().while_doing("storing a batch");
        for (const auto how : *stored) ++sum.records[static_cast<std::size_t>(how)];
        ++sum.batches;
        auto done = co_await from.pop();
        if (!done) co_return std::move(done).error().while_doing("leaving the spool");
        if (show) show(sum, from.status());
    }
}

}  // namespace falconer::cli

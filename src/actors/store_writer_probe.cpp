// While neither the store nor the spool takes anything: said, and tried without senders.
#include "store_writer.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {

void store_writer::refuse(const failure& spool_says) {
    count_.spool_failures.add();
    refusing_ = true;
    probe_bell_->ring();
    if (const auto held = gate_.open(time_.now()))
        log_of("store_writer")
            .error(
                "neither store nor spool takes events; senders are held "
                "spool_says=\"{}\" suppressed={}",
                spool_says.detail, *held
            );
}

/// Whoever is not ready is sent nothing, and would never hear that it is ready again.
task<void> store_writer::probe() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.probe;
    for (;;) {
        if (!refusing_) {
            co_await probe_bell_->wait_until(never);
            pause = opt_.probe;
        }
        co_await clock->wait_until(time_.now() + jittered(pause));
        pause = std::min(2 * pause, 10 * opt_.probe);
        if (!refusing_) continue;
        const bool takes = co_await probe_once();
        if (!takes || !std::exchange(refusing_, false)) continue;
        log_of("store_writer").info("the store or the spool takes events again");
    }
}

task<bool> store_writer::probe_once() {
    auto asking = spool_.probe();
    auto spool  = co_await with_timeout(time_, opt_.spool_limit, std::move(asking));
    if (spool) co_return true;
    record_batch nothing;
    nothing.id        = uuid::random();
    auto       whole  = store_.insert(nothing);
    const auto limit  = std::max(opt_.store_limit, opt_.spool_limit);
    auto       stored = co_await with_timeout(time_, limit, std::move(whole));
    co_return static_cast<bool>(stored);
}

}  // namespace falconer::actors

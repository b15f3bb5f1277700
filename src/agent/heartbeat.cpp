#include "heartbeat.hpp"

#include "falconer/heartbeat.hpp"

#include <algorithm>

namespace falconer::agent {

using namespace std::chrono_literals;

heartbeat::heartbeat(time_source& time, options opt, falco_question falco, drum strike)
    : time_(time), opt_(std::move(opt)), falco_(std::move(falco)), strike_(std::move(strike)) {}

task<void> heartbeat::pause(bell& clock, steady_time::duration how_long) {
    co_await clock.wait_until(time_.now() + how_long);
}

/// In short naps: the clock may be set while we sleep.
task<void> heartbeat::until(bell& clock, utc_time when) {
    for (;;) {
        const auto left = when - time_.utc();
        if (left <= 0s) co_return;
        co_await pause(clock, std::min<steady_time::duration>(left, 1min));
    }
}

task<std::string> heartbeat::version_of_falco(bell& clock) {
    bool said = false;
    for (;;) {
        auto version = co_await falco_();
        if (version) co_return std::move(*version);
        if (!std::exchange(said, true))
            log_of("agent").info("waiting for falco reason={}", version.error().detail);
        co_await pause(clock, opt_.retry);
    }
}

beat heartbeat::next_beat(std::string version) const {
    beat one{.falco_version = std::move(version), .node = opt_.node};
    one.minute     = heartbeat_minute(time_.utc());
    const auto key = opt_.key();
    if (!key.empty()) one.proof = heartbeat_proof(key, one.minute, one.node);
    return one;
}

task<void> heartbeat::run() {
    const auto clock = time_.make_bell();
    co_await version_of_falco(*clock);
    co_await pause(*clock, opt_.settle);
    for (;;) {
        // Asked each time: Falco may have been updated under us.
        auto       version = co_await version_of_falco(*clock);
        const auto one     = next_beat(std::move(version));
        if (const auto struck = strike_(one); !struck)
            log_of("agent").warn("no heartbeat reason={}", struck.error().detail);
        const auto whole = std::chrono::floor<std::chrono::seconds>(time_.utc()).time_since_epoch();
        co_await until(*clock, utc_time(whole - whole % opt_.every + opt_.every));
    }
}

}  // namespace falconer::agent

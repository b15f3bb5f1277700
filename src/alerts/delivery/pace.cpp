#include "pace.hpp"

#include <algorithm>

namespace falconer::alerts {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

std::chrono::milliseconds retry_pause(
    int tries, double share, std::optional<std::chrono::seconds> wish
) {
    constexpr milliseconds first = 5s, longest = 15min;
    const auto             doublings = std::clamp(tries - 1, 0, 16);
    const auto             whole     = std::min<milliseconds>(first * (1 << doublings), longest);
    const auto             half      = whole / 2;
    const auto             pause     = half + milliseconds(static_cast<std::int64_t>(
                                  static_cast<double>(half.count()) * std::clamp(share, 0.0, 1.0)
                              ));
    return wish ? std::max<milliseconds>(pause, *wish) : pause;
}

void receiver_pace::fill(steady_time now) {
    if (now <= filled_) return;
    const std::chrono::duration<double, std::ratio<60>> minutes = now - filled_;

    level_  = std::min(opt_.burst, level_ + minutes.count() * opt_.per_minute);
    filled_ = now;
}

steady_time receiver_pace::ready_at(steady_time now) {
    fill(now);
    auto when = now;
    if (level_ < 1) {
        const std::chrono::duration<double, std::ratio<60>> missing{(1 - level_) / opt_.per_minute};
        when += std::chrono::ceil<milliseconds>(missing);
    }
    return std::max(when, not_before_);
}

void receiver_pace::begun(steady_time now) {
    fill(now);
    level_ -= 1;
}

void receiver_pace::ended(
    delivery_answer::outcome how, std::optional<std::chrono::seconds> wish, steady_time now
) {
    if (how != delivery_answer::outcome::again) {  // it answered, and that is what counts
        failures_ = 0;
        rest_     = {};
        return;
    }
    ++failures_;
    if (wish) not_before_ = std::max(not_before_, now + *wish);
    if (failures_ < opt_.failures) return;
    rest_       = rest_ == 0s ? opt_.rest : std::min(rest_ * 2, opt_.longest_rest);
    not_before_ = std::max(not_before_, now + rest_);
}

}  // namespace falconer::alerts

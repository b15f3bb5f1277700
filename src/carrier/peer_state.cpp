#include "peer_state.hpp"

#include <algorithm>

namespace falconer::carrier {

peer_state::verdict peer_state::take(path which, const sender& from, steady_time now) {
    if (from.reign != reign_) {
        if (from.began <= began_) return verdict::older_reign;
        reign_   = from.reign;
        began_   = from.began;
        numbers_ = {};
        applied_ = 0;
    }
    auto& last = numbers_[static_cast<std::size_t>(which)];
    if (from.number <= last) return verdict::replayed;
    last      = from.number;
    heard_at_ = now;
    return verdict::good;
}

void peer_state::told(std::uint64_t after, std::uint64_t upto) noexcept {
    if (after <= applied_) applied_ = std::max(applied_, upto);
}

}  // namespace falconer::carrier

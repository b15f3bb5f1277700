// From now into the past in growing steps, so that what is found soon costs little and what is rare
// costs a bounded piece at a time. Pure.
#pragma once

#include "falconer/time_source.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace falconer::store {

class window_walk {
public:
    struct window {
        utc_time from{};
        utc_time before{};  // the latest there is: everything from `from` on
        bool     open = false;
    };

    /// `newest`: what lies from there on is not looked at; nothing: all is.
    window_walk(utc_time oldest, std::optional<utc_time> newest, utc_time now)
        : oldest_(oldest), open_(!newest || *newest > now + ahead),
          high_(open_ ? now + ahead : *newest) {}

    bool     done() const { return high_ <= oldest_; }
    utc_time reached() const { return high_; }
    utc_time oldest() const { return oldest_; }

    window next() const { return {std::max(oldest_, high_ - width_), high_, open_}; }
    /// The window has been looked at, in such a share of the time that the next one may take: that
    /// one is made to need half of it, as far as one can tell.
    void went(double share = 0) {
        high_           = next().from;
        open_           = false;
        const auto grow = std::clamp(0.5 / std::max(share, 0.001), 1.0 / growth, 1.0 * growth);
        const auto to   = static_cast<double>(width_.count()) * grow;
        width_          = std::clamp(span(static_cast<span::rep>(to)), narrowest, widest);
    }
    /// Everything in one window; what one knew of widths is of no use then.
    void at_once() { width_ = widest; }
    void in_windows() { width_ = first; }
    /// It was too much at once. False: it cannot get any smaller.
    bool shrink() {
        if (width_ <= narrowest) return false;
        width_ = std::max(width_ / (growth * growth), narrowest);
        return true;
    }

private:
    using span                   = std::chrono::microseconds;
    static constexpr int  growth = 8;
    static constexpr span first{std::chrono::minutes{2}};
    static constexpr span narrowest{std::chrono::milliseconds{100}};
    static constexpr span widest{std::chrono::hours{24 * 512}};
    static constexpr span ahead{std::chrono::minutes{1}};  // of clocks that are not quite ours

    utc_time oldest_;
    bool     open_;
    utc_time high_;
    span     width_ = first;
};

}  // namespace falconer::store

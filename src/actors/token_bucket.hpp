// A token bucket: pure arithmetic, time is handed in.
#pragma once

#include "falconer/time_source.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace falconer::actors {

/// Refills by `per_day` in 24 hours, holds at most `burst`.
class token_bucket {
public:
    token_bucket(double per_day, double burst, steady_time now) noexcept
        : per_day_(per_day), burst_(burst), level_(burst), at_(now) {}

    bool take(steady_time now) noexcept {
        refill(now);
        if (level_ < 1) return false;
        spend();
        return true;
    }
    /// Takes what there is of one token: somebody else allowed it.
    void take_if_any(steady_time now) noexcept {
        refill(now);
        if (level_ >= 1) spend();
    }

    /// Another opinion of the level (the replicas' common one), which does not know yet what was
    /// spent since it was asked for.
    void settle(double level, std::uint64_t known_spent, steady_time now) noexcept {
        refill(now);
        spent_ -= std::min(spent_, known_spent);
        level_  = std::min(burst_, level - static_cast<double>(spent_));
    }
    void resize(double per_day, double burst, steady_time now) noexcept {
        refill(now);
        // A larger budget counts at once, a smaller one too.
        level_   = std::clamp(level_ + (burst - burst_), std::min(level_, burst), burst);
        per_day_ = per_day;
        burst_   = burst;
    }

    /// Tokens spent that no settlement knows of.
    std::uint64_t spent() const noexcept { return spent_; }
    double        level(steady_time now) noexcept {
        refill(now);
        return level_;
    }
    double level() const noexcept { return level_; }  // when it was asked last
    double per_day() const noexcept { return per_day_; }
    double burst() const noexcept { return burst_; }

private:
    void spend() noexcept {
        level_ -= 1;
        ++spent_;
    }
    void refill(steady_time now) noexcept {
        using days = std::chrono::duration<double, std::ratio<86'400>>;
        if (now <= at_) return;
        level_ = std::min(burst_, level_ + per_day_ * days(now - at_).count());
        at_    = now;
    }

    double        per_day_;
    double        burst_;
    double        level_;
    steady_time   at_;
    std::uint64_t spent_ = 0;
};

}  // namespace falconer::actors

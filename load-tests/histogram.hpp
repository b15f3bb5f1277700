// Latencies in buckets of about 1.6 %: a log-linear histogram that never loses a sample.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace falconer::load {

class histogram {
public:
    /// Units: microseconds.
    void add(std::uint64_t value) {
        ++buckets_[bucket_of(value)];
        ++count_;
        max_ = std::max(max_, value);
    }

    std::uint64_t count() const { return count_; }
    std::uint64_t max() const { return max_; }

    /// The value that `share` (0 to 1) of the samples do not exceed; 0 without samples.
    std::uint64_t quantile(double share) const {
        const auto    wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
        std::uint64_t seen   = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen > wanted) return std::min(upper_end(i), max_);
        }
        return max_;
    }

private:
    // Values below 64 have a bucket each; every doubling beyond has 64.
    static constexpr unsigned    step_bits = 6;
    static constexpr std::size_t steps     = std::size_t{1} << step_bits;

    static std::size_t bucket_of(std::uint64_t value) {
        if (value < steps) return value;
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - step_bits - 1;
        return std::min((shift + 1) * steps + ((value >> shift) - steps), bucket_count - 1);
    }
    static std::uint64_t upper_end(std::size_t bucket) {
        if (bucket < steps) return bucket;
        const auto shift = bucket / steps - 1;
        return ((bucket % steps + steps + 1) << shift) - 1;
    }

    static constexpr std::size_t            bucket_count = steps * 36;
    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t                           count_{0};
    std::uint64_t                           max_{0};
};

}  // namespace falconer::load

// What an ingestor knows of one seed's controller.
#pragma once

#include "envelopes.hpp"
#include "falconer/time_source.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace falconer::carrier {

/// Pure. Of one seed only one reign counts, the one that began last; and of its requests each
/// counts once.
class peer_state {
public:
    enum class path : std::uint8_t { tell, hear };
    enum class verdict : std::uint8_t { good, older_reign, replayed };

    /// A newer reign begins with nothing applied.
    verdict take(path which, const sender& from, steady_time now);

    /// It has told all behind `after` up to `upto`. What lies between is not known to us, unless
    /// `after` was.
    void told(std::uint64_t after, std::uint64_t upto) noexcept;

    std::uint64_t applied() const noexcept { return applied_; }
    std::int64_t  began() const noexcept { return began_; }
    steady_time   heard_at() const noexcept { return heard_at_; }

    std::size_t waiting = 0;  // of its requests to hear

private:
    std::string                  reign_{};
    std::int64_t                 began_ = -1;
    std::array<std::uint64_t, 2> numbers_{};
    std::uint64_t                applied_  = 0;
    steady_time                  heard_at_ = steady_time::min();
};

}  // namespace falconer::carrier

// Whether our clock and an API server's agree, by the Date of its answers.
#pragma once

#include "falconer/net/http_date.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::k8s {

using net::read_http_date;

/// "our clock is 2h3m ahead of that of the API server at HOST; …": one sentence for an operator.
/// `apart`: not zero; positive, if ours is ahead.
std::string clock_sentence(std::chrono::seconds apart, std::string_view where);

/// Hears every answer, and says when the clocks turn out to be apart, and when they no longer are.
class clock_skew {
public:
    /// Twice what tokens are forgiven for is worth a word only half of the way there. Source:
    /// decisions on ingest, leeway 60 s.
    static constexpr std::chrono::seconds worth_telling{30}, forgiven{10};

    enum class news : std::uint8_t { none, apart, together };

    /// `date`: of an answer that came at `received` to what was sent at `sent`, both by our clock.
    /// An answer that took long proves the less, and never more than is true.
    news heard(std::string_view date, utc_time sent, utc_time received);

    /// So far apart they are at least; positive: ours is ahead. Zero, while that is not worth
    /// telling.
    std::chrono::seconds apart() const noexcept { return told_ ? apart_ : std::chrono::seconds(0); }

private:
    std::chrono::seconds apart_{0};
    bool                 told_ = false;
};

}  // namespace falconer::k8s

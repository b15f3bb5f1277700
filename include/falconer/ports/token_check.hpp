// Who may send: what a bearer token is worth.
#pragma once

#include "falconer/ids.hpp"
#include "falconer/time_source.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace falconer {

struct token_verdict {
    cluster_ref             cluster{};  // whose token it is; nothing: it is refused
    std::optional<utc_time> issued{};   // if it says so

    // Only of a refused token:
    std::string_view why{};  // a short constant word, for metrics and the sender
    /// The cluster it was issued for, when the signature was good and only its time was wrong. For
    /// counting, not for trust.
    std::string once_of{};

    explicit operator bool() const noexcept { return cluster != nullptr; }
};

class token_check {
public:
    virtual ~token_check() = default;

    virtual token_verdict check(std::string_view bearer, utc_time now) = 0;
};

}  // namespace falconer

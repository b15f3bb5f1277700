// Versions of Falco, Falcosidekick, falcoctl and rules. Source: https://semver.org/spec/v2.0.0.html
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// Ordered by precedence: 1.0.0-rc.1 before 1.0.0; what stands behind a plus does not count.
class semver {
public:
    /// Strictly: three numbers, no leading zeros, no `v`. Nothing: it is none.
    static std::optional<semver> parse(std::string_view text);

    std::strong_ordering operator<=>(const semver& other) const;
    bool                 operator==(const semver& other) const { return (*this <=> other) == 0; }
    /// Whether its first two numbers are: 0.45.0 of a later line than 0.44.9, and 0.44.9 of the
    /// same one as 0.44.1.
    bool is_of_later_line_than(const semver& other) const noexcept;

private:
    std::uint64_t            numbers_[3]{};
    std::vector<std::string> before_{};  // 1.0.0-rc.1: "rc", "1"
};

}  // namespace falconer::falco

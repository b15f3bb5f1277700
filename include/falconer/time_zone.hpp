// Time zones as the machine knows them: what the clocks of a place show.
#pragma once

#include "falconer/result.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace falconer {

/// The offset of a zone from UTC, at any time. Pure once it is made; cheap to copy.
class time_zone {
public:
    time_zone() = default;  // UTC

    /// Of the bytes of a compiled zone file, version 1 to 4.
    /// Errors: malformed. Source: RFC 8536
    static result<time_zone> parse(std::string_view tzif);
    /// Of the machine's data base; "UTC" is always there.
    /// Errors: not_found, malformed. Blocks for a moment: only at start and when something changed.
    static result<time_zone> load(std::string_view name, const std::string& folder);

    std::chrono::seconds offset_at(utc_time t) const noexcept;

private:
    /// The n-th (5: the last) such day of a month, at so many seconds behind midnight; or a day of
    /// the year. Source: POSIX.1, TZ
    struct yearly {
        enum class form : std::uint8_t { none, month, julian, day };
        form                 as    = form::none;
        int                  month = 0, week = 0, day = 0;
        std::chrono::seconds time{7200};
    };
    struct change {
        std::int64_t at     = 0;  // seconds since 1970
        std::int32_t offset = 0;
    };
    struct rules {
        std::int32_t        first = 0;  // before all changes
        std::vector<change> changes{};  // in their order
        std::int32_t        standard = 0, summer = 0;
        yearly              begins{}, ends{};  // summer time, after the last change
        bool                goes_on = false;   // there is a rule for what comes after them
    };
    static bool         parse_footer(std::string_view text, rules& into);
    static std::int64_t moment_of(const yearly& when, int year, std::int32_t offset) noexcept;

    std::shared_ptr<const rules> rules_;
};

/// Where Debian keeps them.
inline constexpr std::string_view zone_folder = "/usr/share/zoneinfo";

}  // namespace falconer

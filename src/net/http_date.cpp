#include "falconer/net/http_date.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace falconer::net {
namespace {

using std::chrono::seconds;

constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// The digits of `text`, all of it; below `limit`.
std::optional<unsigned> number(std::string_view text, unsigned limit) {
    unsigned    is         = 0;
    const char* end        = text.data() + text.size();
    const auto [to, wrong] = std::from_chars(text.data(), end, is);
    if (wrong != std::errc{} || to != end || is >= limit) return std::nullopt;
    return is;
}

}  // namespace

std::optional<utc_time> read_http_date(std::string_view text) {
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT")
        return std::nullopt;
    if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
        return std::nullopt;
    const auto month = std::ranges::find(months, text.substr(8, 3));
    const auto day   = number(text.substr(5, 2), 32);
    const auto year  = number(text.substr(12, 4), 10'000);
    const auto hour = number(text.substr(17, 2), 24), minute = number(text.substr(20, 2), 60),
               second = number(text.substr(23, 2), 61);  // a leap second may be there
    if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date{
        std::chrono::year(static_cast<int>(*year)),
        std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
        std::chrono::day(*day)
    };
    if (!date.ok()) return std::nullopt;
    return utc_time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
           std::chrono::minutes(*minute) + seconds(*second);
}

}  // namespace falconer::net

#include "clock_skew.hpp"

#include "falconer/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace falconer::k8s {
namespace {

using namespace std::chrono_literals;
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

std::string clock_sentence(seconds apart, std::string_view where) {
    return "our clock is " + duration_text(std::chrono::abs(apart)) +
           (apart > 0s ? " ahead of" : " behind") + " that of the API server at " +
           std::string(where) +
           ": one of the two is wrong, and certificates, tokens and times in statuses are judged "
           "by "
           "it";
}

clock_skew::news clock_skew::heard(std::string_view date, utc_time sent, utc_time received) {
    const auto theirs = read_http_date(date);
    if (!theirs || received < sent) return news::none;  // ours was set meanwhile
    // They wrote it at some moment between the two, in a second whose fraction is not told.
    const auto at_least = std::chrono::ceil<seconds>(sent - *theirs) - 1s;
    const auto at_most  = std::chrono::floor<seconds>(received - *theirs);
    apart_              = at_least > 0s ? at_least : at_most < 0s ? at_most : 0s;
    const auto by       = std::chrono::abs(apart_);
    if (!told_ && by >= worth_telling) {
        told_ = true;
        return news::apart;
    }
    if (told_ && by <= forgiven) {
        told_ = false;
        return news::together;
    }
    return news::none;
}

}  // namespace falconer::k8s

#include "key_time.hpp"

#include <algorithm>
#include <cstdint>

namespace falconer::net {
namespace {

using namespace std::chrono;

/// Takes what a layout of Go's allows from the front of a text.
class fields {
public:
    explicit fields(std::string_view text) : rest_(text) {}

    bool good() const noexcept { return good_; }
    bool at_end() const noexcept { return rest_.empty(); }

    bool take(std::string_view any_of) noexcept {
        if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void need(std::string_view any_of) noexcept {
        if (!take(any_of)) good_ = false;
    }
    int number(std::size_t least, std::size_t most) noexcept {
        int         value = 0;
        std::size_t count = 0;
        for (; count < most && is_digit(count); ++count) value = value * 10 + (rest_[count] - '0');
        if (count < least) good_ = false;
        rest_.remove_prefix(count);
        return value;
    }
    /// Behind a point or a comma, which may be missing; beyond the ninth digit it is cut.
    nanoseconds fraction() noexcept {
        if (rest_.size() < 2 || !is_digit(1) || !take(".,")) return nanoseconds{0};
        std::int64_t value = 0;
        std::size_t  count = 0;
        for (; is_digit(count); ++count)
            if (count < 9) value = value * 10 + (rest_[count] - '0');
        for (auto i = count; i < 9; ++i) value *= 10;
        rest_.remove_prefix(count);
        return nanoseconds{value};
    }

private:
    bool is_digit(std::size_t at) const noexcept {
        return at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9';
    }

    std::string_view rest_;
    bool             good_ = true;
};

/// "Z", "+02:00"; hours up to 24 and minutes up to 60, as Go has it.
seconds zone(fields& in) noexcept {
    if (in.take("Z")) return seconds{0};
    const bool west = in.take("-");
    if (!west) in.need("+");
    const int h = in.number(2, 2);
    in.need(":");
    const int m = in.number(2, 2);
    if (h > 24 || m > 60) in.need("");
    const seconds ahead = hours{h} + minutes{m};
    return west ? -ahead : ahead;
}

key_time within_reach(sys_seconds whole, nanoseconds rest) noexcept {
    constexpr auto first = ceil<seconds>(key_time::min()), last = floor<seconds>(key_time::max());
    if (whole <= first) return first;
    if (whole >= last) return last;
    return whole + rest;
}

}  // namespace

std::optional<key_time> parse_key_time(std::string_view text) noexcept {
    fields    in(text);
    const int y = in.number(4, 4);
    in.need("-");
    const int mo = in.number(1, 2);
    in.need("-");
    const int            d = in.number(1, 2);
    const year_month_day day{
        year{y}, month{static_cast<unsigned>(mo)}, std::chrono::day{static_cast<unsigned>(d)}
    };
    if (!in.good() || !day.ok()) return std::nullopt;
    if (in.at_end()) return within_reach(sys_days(day), nanoseconds{0});

    const bool with_zone = in.take("Tt");
    if (!with_zone) in.need(" ");
    while (!with_zone && in.take(" ")) {
    }
    const int h = in.number(1, 2);
    in.need(":");
    const int m = in.number(1, 2);
    in.need(":");
    const int  s        = in.number(1, 2);
    const auto fraction = in.fraction();
    const auto ahead    = with_zone ? zone(in) : seconds{0};
    if (!in.good() || !in.at_end() || h > 23 || m > 59 || s > 59) return std::nullopt;
    return within_reach(sys_days(day) + hours{h} + minutes{m} + seconds{s} - ahead, fraction);
}

}  // namespace falconer::net

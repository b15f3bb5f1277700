#include "falconer/rfc3339.hpp"

#include <chrono>

namespace falconer {
namespace {

/// Reads fixed numbers of digits and single characters from the front of a text.
class digits_reader {
public:
    explicit digits_reader(std::string_view text) : rest_(text) {}

    /// The next `count` characters as a number. Not digits: the reader goes bad.
    int number(std::size_t count) noexcept {
        if (rest_.size() < count) return fail();
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (!digit_at(i)) return fail();
            value = value * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(count);
        return value;
    }
    void skip(char upper, char lower) noexcept {
        if (!take(upper) && !take(lower)) fail();
    }
    void skip(char c) noexcept { skip(c, c); }
    bool take(char c) noexcept {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    std::size_t digits_ahead() const noexcept {
        std::size_t count = 0;
        while (count < rest_.size() && digit_at(count)) ++count;
        return count;
    }
    bool good() const noexcept { return good_; }
    bool at_end() const noexcept { return rest_.empty(); }

private:
    bool digit_at(std::size_t i) const noexcept { return rest_[i] >= '0' && rest_[i] <= '9'; }
    int  fail() noexcept {
        good_ = false;
        rest_ = {};
        return 0;
    }

    std::string_view rest_;
    bool             good_ = true;
};

constexpr std::int64_t first_second_of(int year) {
    using namespace std::chrono;
    return sys_seconds(sys_days(std::chrono::year(year) / January / 1)).time_since_epoch().count();
}

bool is_month_end(std::chrono::sys_days day) noexcept {
    return static_cast<unsigned>(std::chrono::year_month_day(day + std::chrono::days(1)).day()) ==
           1;
}

}  // namespace

std::variant<event_time, const char*> parse_rfc3339(std::string_view text) noexcept {
    using namespace std::chrono;
    digits_reader in(text);

    const int y = in.number(4);
    in.skip('-');
    const int mo = in.number(2);
    in.skip('-');
    const int d = in.number(2);
    in.skip('T', 't');
    const int h = in.number(2);
    in.skip(':');
    const int mi = in.number(2);
    in.skip(':');
    const int s = in.number(2);
    if (!in.good()) return "is not RFC 3339";

    std::uint32_t nanos = 0;
    if (in.take('.')) {
        const auto count = in.digits_ahead();
        if (count == 0) return "has no digit behind the point";
        if (count > 9) return "has more than nine digits behind the point";
        nanos = static_cast<std::uint32_t>(in.number(count));
        for (auto i = count; i < 9; ++i) nanos *= 10;
    }

    minutes offset{0};
    if (!in.take('Z') && !in.take('z')) {
        const bool ahead = in.take('+');
        if (!ahead && !in.take('-')) return "has no offset (Z, or as +02:00)";
        const int oh = in.number(2);
        in.skip(':');
        const int om = in.number(2);
        if (!in.good() || oh > 23 || om > 59) return "has an offset that is none";
        offset = (hours(oh) + minutes(om)) * (ahead ? 1 : -1);
    }
    if (!in.at_end()) return "has text behind it";

    const year_month_day date{
        year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))
    };
    if (!date.ok()) return "names a day that does not exist";
    if (h > 23 || mi > 59 || s > 60) return "names a time of day that does not exist";

    const sys_seconds at =
        sys_seconds(sys_days(date)) + hours(h) + minutes(mi) + seconds(s) - offset;
    if (s == 60) {
        const auto midnight = floor<days>(at);
        if (at != midnight || !is_month_end(midnight - days(1)))
            return "names a leap second that does not exist";
    }
    const std::int64_t count = at.time_since_epoch().count();
    if (count < 0 || count >= first_second_of(10000)) return "lies outside the years 1970 to 9999";
    return event_time{.seconds = count, .nanos = nanos};
}

}  // namespace falconer

#include "calendar_text.hpp"

#include <algorithm>
#include <array>

namespace falconer::alerts {
namespace {

using std::chrono::minutes;

constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu",
                                                    "fri", "sat", "sun"};
constexpr minutes                         whole_day{24 * 60};

/// "07:30"; "24:00" is the end of the day. Nothing: it is none.
std::optional<minutes> clock_time(std::string_view text) {
    const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
    if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
        return std::nullopt;
    const int hour   = (text[0] - '0') * 10 + text[1] - '0',
              minute = (text[3] - '0') * 10 + text[4] - '0';
    if (hour > 24 || minute > 59 || (hour == 24 && minute > 0)) return std::nullopt;
    return minutes{hour * 60 + minute};
}

std::string clock_text(minutes of) {
    const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return two(of.count() / 60) + ':' + two(of.count() % 60);
}

/// IANA's names: letters, digits, and "+-_/", each part beginning with a letter. Whether there is
/// such a zone is found out where it is loaded.
bool is_zone_name(std::string_view name) {
    if (name.empty() || name.size() > 64) return false;
    bool begins = true;
    for (const char c : name) {
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (begins && !letter) return false;
        if (!letter && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '_' && c != '/')
            return false;
        begins = c == '/';
    }
    return !begins;
}

void read_clock_time(field_reader& in, std::string_view key, minutes& into) {
    std::string text;
    in.read(key, text);
    if (text.empty()) return;
    if (const auto read = clock_time(text))
        into = *read;
    else
        in.expected(key, "a time of the day, as '22:00'");
}

week_span span_of(const value& is, const std::string& path, field_problems& problems) {
    week_span                into;
    field_reader             in(is, path, problems);
    std::vector<std::string> days;
    in.read("days", days);
    if (!days.empty()) into.days = 0;
    for (const auto& day : days) {
        const auto which = std::ranges::find(day_names, day);
        if (which == day_names.end())
            in.complain("days", "'" + day + "' is none of mon, tue, wed, thu, fri, sat, sun");
        else
            into.days |= static_cast<std::uint8_t>(1U << (which - day_names.begin()));
    }
    read_clock_time(in, "from", into.from);
    read_clock_time(in, "till", into.till);
    if (into.from == whole_day) in.complain("from", "the day is over at 24:00");
    return into;
}

value value_of(const week_span& is) {
    value span = value::map();
    if (is.days != 0x7F) {
        value days = value::list();
        for (std::size_t n = 0; n < day_names.size(); ++n)
            if ((is.days >> n & 1) != 0) days.push_back(day_names[n]);
        span["days"] = std::move(days);
    }
    if (is.from != minutes{0}) span["from"] = clock_text(is.from);
    if (is.till != whole_day) span["till"] = clock_text(is.till);
    return span;
}

value value_of(const std::vector<week_span>& spans) {
    value list = value::list();
    for (const auto& each : spans) list.push_back(value_of(each));
    return list;
}

}  // namespace

void read_calendar(field_reader& in, calendar& into) {
    in.read("zone", into.zone);
    if (!is_zone_name(into.zone)) in.expected("zone", "a time zone's name, as 'Europe/Berlin'");
    const auto spans = [&](std::string_view key, std::vector<week_span>& to) {
        in.each(key, [&](const value& item, const std::string& path) {
            to.push_back(span_of(item, path, in.problems()));
        });
    };
    spans("only", into.only);
    spans("mute", into.mute);
    std::string unless;
    in.read("unless", unless);
    if (unless.empty()) return;
    into.unless = priority_of(unless);
    if (!into.unless) in.expected("unless", "one of Falco's priorities");
}

value value_of(const calendar& is) {
    value all = value::map();
    if (is.zone != calendar{}.zone) all["zone"] = is.zone;
    if (!is.only.empty()) all["only"] = value_of(is.only);
    if (!is.mute.empty()) all["mute"] = value_of(is.mute);
    if (is.unless) all["unless"] = falconer::name_of(*is.unless);
    return all;
}

}  // namespace falconer::alerts

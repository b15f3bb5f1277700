#include "falconer/time_zone.hpp"

#include "falconer/read_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace falconer {
namespace {

using std::chrono::seconds;

failure no_zone(std::string what) {
    return {errc::malformed, "no compiled time zone: " + std::move(what)};
}

/// Numbers of a zone file, the most significant byte first.
struct scanner {
    std::string_view text;
    std::size_t      at = 0;

    bool         has(std::size_t bytes) const { return text.size() - at >= bytes; }
    std::int64_t number(std::size_t bytes) {
        std::uint64_t n =
            (static_cast<unsigned char>(text[at]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
        for (std::size_t i = 0; i < bytes; ++i)
            n = n << 8 | static_cast<unsigned char>(text[at + i]);
        at += bytes;
        return static_cast<std::int64_t>(n);
    }
};

struct header {
    std::int64_t utc_marks = 0, wall_marks = 0, leaps = 0, times = 0, types = 0, letters = 0;

    std::size_t bytes(std::size_t of_time) const {
        return static_cast<std::size_t>(times) * (of_time + 1) +
               static_cast<std::size_t>(types) * 6 + static_cast<std::size_t>(letters) +
               static_cast<std::size_t>(leaps) * (of_time + 4) +
               static_cast<std::size_t>(wall_marks) + static_cast<std::size_t>(utc_marks);
    }
};

/// The version, and the header behind it. Nothing: it is none.
std::optional<char> read_header(scanner& in, header& into) {
    constexpr std::size_t  size = 44;
    constexpr std::int64_t most = 100'000;
    if (!in.has(size) || in.text.substr(in.at, 4) != "TZif") return std::nullopt;
    const char version  = in.text[in.at + 4];
    in.at              += 20;
    for (auto* each :
         {&into.utc_marks, &into.wall_marks, &into.leaps, &into.times, &into.types, &into.letters
         }) {
        *each = in.number(4);
        if (*each < 0 || *each > most) return std::nullopt;
    }
    if (into.types < 1) return std::nullopt;
    return version;
}

/// A POSIX TZ text, piece by piece.
struct posix_text {
    std::string_view rest;

    bool take(char c) {
        if (rest.empty() || rest.front() != c) return false;
        rest.remove_prefix(1);
        return true;
    }
    bool name() {
        const bool quoted = take('<');
        const auto size =
            quoted ? rest.find('>')
                   : static_cast<std::size_t>(
                         std::ranges::find_if_not(
                             rest,
                             [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
                         ) -
                         rest.begin()
                     );
        if (size == rest.npos || size == 0) return false;
        rest.remove_prefix(size + (quoted ? 1 : 0));
        return true;
    }
    std::optional<int> number() {
        int         n    = 0;
        std::size_t size = 0;
        while (size < rest.size() && size < 4 && rest[size] >= '0' && rest[size] <= '9')
            n = n * 10 + (rest[size++] - '0');
        if (size == 0) return std::nullopt;
        rest.remove_prefix(size);
        return n;
    }
    /// "-2:30:00", at most 167 hours (RFC 8536 §3.3.1).
    std::optional<seconds> time() {
        const bool minus = take('-');
        if (!minus) (void)take('+');
        const auto hours = number();
        if (!hours || *hours > 167) return std::nullopt;
        int minutes = 0, rest_of = 0;
        if (take(':')) {
            minutes = number().value_or(60);
            if (take(':')) rest_of = number().value_or(60);
        }
        if (minutes > 59 || rest_of > 59) return std::nullopt;
        const seconds all{*hours * 3600 + minutes * 60 + rest_of};
        return minus ? -all : all;
    }
};

}  // namespace

bool time_zone::parse_footer(std::string_view text, rules& into) {
    posix_text in{text};
    if (!in.name()) return false;
    const auto west = in.time();
    if (!west) return false;
    into.standard = into.summer = static_cast<std::int32_t>(-west->count());
    into.goes_on                = true;
    if (in.rest.empty()) return true;
    if (!in.name()) return false;
    into.summer = into.standard + 3600;
    if (!in.rest.empty() && in.rest.front() != ',') {
        const auto summer = in.time();
        if (!summer) return false;
        into.summer = static_cast<std::int32_t>(-summer->count());
    }
    for (auto* when : {&into.begins, &into.ends}) {
        if (!in.take(',')) return false;
        const bool month = in.take('M'), julian = !month && in.take('J');
        const auto first = in.number();
        if (!first) return false;
        if (month) {
            if (!in.take('.')) return false;
            const auto week = in.number();
            if (!week || !in.take('.')) return false;
            const auto day = in.number();
            if (!day || *first < 1 || *first > 12 || *week < 1 || *week > 5 || *day > 6)
                return false;
            *when = {yearly::form::month, *first, *week, *day, seconds{7200}};
        } else {
            if (*first > 365 || (julian && *first < 1)) return false;
            *when = {
                julian ? yearly::form::julian : yearly::form::day, 0, 0, *first, seconds{7200}
            };
        }
        if (in.take('/')) {
            const auto time = in.time();
            if (!time) return false;
            when->time = *time;
        }
    }
    return in.rest.empty();
}

std::int64_t time_zone::moment_of(const yearly& when, int year, std::int32_t offset) noexcept {
    namespace c = std::chrono;
    const c::year_month_day january{c::year{year}, c::month{1}, c::day{1}};
    c::sys_days             day{january};
    if (when.as == yearly::form::month) {
        const c::year_month month = c::year{year} / c::month{static_cast<unsigned>(when.month)};
        const c::weekday    wanted{static_cast<unsigned>(when.day)};
        day = when.week == 5 ? c::sys_days{month / wanted[c::last]}
                             : c::sys_days{month / wanted[static_cast<unsigned>(when.week)]};
    } else if (when.as == yearly::form::julian) {  // the 29th of February has no number
        const bool leap  = c::year{year}.is_leap();
        day             += c::days{when.day - 1 + (leap && when.day > 59 ? 1 : 0)};
    } else {
        day += c::days{when.day};
    }
    return c::duration_cast<seconds>(day.time_since_epoch()).count() + when.time.count() - offset;
}

result<time_zone> time_zone::parse(std::string_view tzif) {
    scanner    in{tzif};
    header     head;
    const auto version = read_header(in, head);
    if (!version) return no_zone("its header");
    std::size_t of_time = 4;
    if (*version >= '2') {
        if (!in.has(head.bytes(4))) return no_zone("it is cut short");
        in.at += head.bytes(4);
        if (!read_header(in, head)) return no_zone("its second header");
        of_time = 8;
    }
    if (!in.has(head.bytes(of_time))) return no_zone("it is cut short");
    rules                    all;
    std::vector<std::size_t> types;
    for (std::int64_t i = 0; i < head.times; ++i) all.changes.push_back({in.number(of_time), 0});
    for (std::int64_t i = 0; i < head.times; ++i)
        types.push_back(static_cast<unsigned char>(tzif[in.at++]));
    std::vector<std::int32_t> offsets;
    for (std::int64_t i = 0; i < head.types; ++i) {
        offsets.push_back(static_cast<std::int32_t>(in.number(4)));
        in.at += 2;  // whether it is summer time, and what it is called
    }
    all.first = offsets.front();
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (types[i] >= offsets.size()) return no_zone("a type that is not there");
        all.changes[i].offset = offsets[types[i]];
        if (i > 0 && all.changes[i].at <= all.changes[i - 1].at) return no_zone("its order");
    }
    in.at += static_cast<std::size_t>(head.letters) +
             static_cast<std::size_t>(head.leaps) * (of_time + 4) +
             static_cast<std::size_t>(head.wall_marks) + static_cast<std::size_t>(head.utc_marks);
    if (of_time == 8) {
        auto footer = tzif.substr(in.at);
        if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n')
            return no_zone("its last line");
        footer = footer.substr(1, footer.size() - 2);
        if (!footer.empty() && !parse_footer(footer, all)) return no_zone("its last line");
    }
    time_zone zone;
    zone.rules_ = std::make_shared<const rules>(std::move(all));
    return zone;
}

result<time_zone> time_zone::load(std::string_view name, const std::string& folder) {
    if (name == "UTC") return time_zone{};
    if (name.empty() || name.front() == '/' || name.find("..") != name.npos)
        return failure{errc::not_found, "no time zone's name"};
    const auto bytes = read_file(folder + '/' + std::string(name));
    if (!bytes)
        return failure{errc::not_found, "there is no time zone '" + std::string(name) + "' here"};
    return parse(*bytes);
}

seconds time_zone::offset_at(utc_time t) const noexcept {
    if (!rules_) return seconds{0};
    const auto& all = *rules_;
    const auto  at  = std::chrono::floor<seconds>(t).time_since_epoch().count();
    if (all.changes.empty() ? !all.goes_on : at < all.changes.front().at) return seconds{all.first};
    if (!all.changes.empty() && (at < all.changes.back().at || !all.goes_on)) {
        const auto next = std::ranges::upper_bound(all.changes, at, {}, &change::at);
        return seconds{std::prev(next)->offset};
    }
    if (all.begins.as == yearly::form::none) return seconds{all.standard};
    const std::chrono::year_month_day day{
        std::chrono::floor<std::chrono::days>(t + std::chrono::seconds{all.standard})
    };
    const int  year   = static_cast<int>(day.year());
    const auto begins = moment_of(all.begins, year, all.standard);
    const auto ends   = moment_of(all.ends, year, all.summer);
    const bool summer = begins < ends ? at >= begins && at < ends : at >= begins || at < ends;
    return seconds{summer ? all.summer : all.standard};
}

}  // namespace falconer

#include "formats.hpp"

#include "falconer/rfc3339.hpp"
#include "web_formats.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <variant>

namespace falconer::sandbox {
namespace {

using test = bool (*)(const std::string&);

bool matches(const std::string& text, const RE2& pattern) {
    return RE2::FullMatch(text, pattern);
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string only(const std::string& text, bool (*wanted)(char)) {
    std::string left;
    std::ranges::copy_if(text, std::back_inserter(left), wanted);
    return left;
}

bool is_uuid(const std::string& text) {
    static const RE2 good("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}");
    return matches(text, good);
}
bool is_uuid3(const std::string& text) {
    static const RE2 good("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}");
    return matches(text, good);
}
bool is_uuid4(const std::string& text) {
    static const RE2 good(
        "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}"
    );
    return matches(text, good);
}
bool is_uuid5(const std::string& text) {
    static const RE2 good(
        "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}"
    );
    return matches(text, good);
}

bool is_bson_id(const std::string& text) {
    static const RE2 good("(?i)[0-9a-f]{24}");
    return matches(text, good);
}

std::string without_blanks(const std::string& text) {
    return only(text, [](char c) {
        return c != '-' && c != ' ' && c != '\t' && c != '\n' && c != '\f' && c != '\r';
    });
}

bool is_isbn10(const std::string& text) {
    static const RE2 good("[0-9]{9}X|[0-9]{10}");
    const auto       code = without_blanks(text);
    if (!matches(code, good)) return false;
    int sum = 0;
    for (int i = 0; i < 10; ++i) {
        const char c  = code[static_cast<std::size_t>(i)];
        sum          += (i + 1) * (c == 'X' ? 10 : c - '0');
    }
    return sum % 11 == 0;
}
bool is_isbn13(const std::string& text) {
    const auto code = without_blanks(text);
    if (code.size() != 13 || !std::ranges::all_of(code, is_digit)) return false;
    int sum = 0;
    for (std::size_t i = 0; i < 12; ++i) sum += (i % 2 == 0 ? 1 : 3) * (code[i] - '0');
    return code[12] - '0' == (10 - sum % 10) % 10;
}
bool is_isbn(const std::string& text) {
    return is_isbn10(text) || is_isbn13(text);
}

/// With its check digit. Source: ISO/IEC 7812, Luhn.
bool is_credit_card(const std::string& text) {
    static const RE2 good(
        "4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|"
        "3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11}"
    );
    const auto code = only(text, is_digit);
    if (!matches(code, good)) return false;
    int  sum   = 0;
    bool twice = false;
    for (auto at = code.rbegin(); at != code.rend(); ++at, twice = !twice) {
        const int digit  = (*at - '0') * (twice ? 2 : 1);
        sum             += digit >= 10 ? digit % 10 + 1 : digit;
    }
    return sum % 10 == 0;
}

bool is_ssn(const std::string& text) {
    static const RE2 good("[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}");
    return text.size() == 11 && matches(text, good);
}

bool is_hex_color(const std::string& text) {
    static const RE2 good("#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})");
    return matches(text, good);
}
bool is_rgb_color(const std::string& text) {
    static const std::string part = R"(\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*)";
    static const RE2         good(R"(rgb\()" + part + "," + part + "," + part + R"(\))");
    return matches(text, good);
}

bool is_base64(const std::string& text) {
    static const RE2 good(
        "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"
    );
    return matches(text, good);
}

bool is_date(const std::string& text) {
    static const RE2 good(R"(\d{4}-\d{2}-\d{2})");
    if (!matches(text, good)) return false;
    // In a year that our reader takes: which days there are repeats every 400 years.
    const int year = std::stoi(text.substr(0, 4)) % 400 + 2000;
    return std::holds_alternative<event_time>(
        parse_rfc3339(std::to_string(year) + text.substr(4) + "T00:00:00Z")
    );
}

bool is_date_time(const std::string& text) {
    static const RE2 good(
        "([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(?:z|(?:[+-][0-9]{2}:[0-9]{2}))"
    );
    std::string low = text;
    for (auto& c : low) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto t = low.find('t');
    if (t == low.npos || !is_date(low.substr(0, t))) return false;
    auto clock = low.substr(t + 1);
    clock.resize(std::min(clock.find('t'), clock.size()));
    std::string hour, minute, second;
    return RE2::FullMatch(clock, good, &hour, &minute, &second) && hour <= "23" && minute <= "59" &&
           second <= "59";
}

/// What Go's time.ParseDuration takes, or anything in which a number stands before a unit.
bool is_duration(const std::string& text) {
    static const RE2 of_go(R"([-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+))");
    static const RE2 piece(R"((\d+)\s*([A-Za-zµ]+))");
    if (matches(text, of_go)) return true;
    constexpr std::array<std::string_view, 14> exact{"ns", "us", "µs", "ms", "s",   "m",   "h",
                                                     "hr", "d",  "w",  "wk", "sec", "min", "day"};
    constexpr std::array<std::string_view, 8>  begins{"nano", "micro", "milli", "sec",
                                                     "min",  "hour",  "day",   "week"};
    re2::StringPiece                           rest(text);
    std::string                                number, unit;
    bool                                       found = false;
    while (RE2::FindAndConsume(&rest, piece, &number, &unit)) {
        constexpr std::size_t most_digits = 18;  // what 64 bits hold for sure
        if (number.size() > most_digits) return false;
        for (auto& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        found = found || std::ranges::find(exact, unit) != exact.end() ||
                std::ranges::any_of(begins, [&](auto each) { return unit.starts_with(each); });
    }
    return found;
}

struct known_format {
    std::string_view name{};
    test             holds = nullptr;
};
constexpr std::array<known_format, 23> formats{{
    {"bsonobjectid", is_bson_id},
    {"uri", is_request_uri},
    {"email", is_email},
    {"hostname", is_hostname},
    {"ipv4", is_ipv4},
    {"ipv6", is_ipv6},
    {"cidr", is_cidr},
    {"mac", is_mac},
    {"uuid", is_uuid},
    {"uuid3", is_uuid3},
    {"uuid4", is_uuid4},
    {"uuid5", is_uuid5},
    {"isbn", is_isbn},
    {"isbn10", is_isbn10},
    {"isbn13", is_isbn13},
    {"creditcard", is_credit_card},
    {"ssn", is_ssn},
    {"hexcolor", is_hex_color},
    {"rgbcolor", is_rgb_color},
    {"byte", is_base64},
    {"date", is_date},
    {"duration", is_duration},
    {"datetime", is_date_time},
}};

}  // namespace

bool has_format(const std::string& text, std::string_view format) {
    std::string name(format);  // "date-time" and "datetime" are one
    std::erase(name, '-');
    const auto at = std::ranges::find(formats, name, &known_format::name);
    return at == formats.end() || at->holds(text);
}

}  // namespace falconer::sandbox

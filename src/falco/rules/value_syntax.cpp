#include "value_syntax.hpp"

#include "falconer/spelling.hpp"

#include <re2/re2.h>

#include <algorithm>

namespace falconer::falco::rules {
namespace {

/// All patterns of a set of files together; more are a file that somebody has made to keep us busy.
constexpr std::size_t most_instructions = 200'000;
/// What a pattern counts for that is refused only after it has been expanded.
constexpr std::size_t too_large_counts = 50'000;
constexpr std::size_t least_counted    = 20;

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// As libs' sinsp_utils::unhex, which throws away the whole condition when it fails.
/// Source: falcosecurity/libs, userspace/libsinsp/filter.cpp, add_filtercheck_value.
std::string complaint_of_bytes(std::string_view comparison, std::string_view value) {
    if (!std::ranges::all_of(value, is_hex))
        return "'" + in_one_line(value) + "' is no hexadecimal number, which '" +
               std::string(comparison) + "' compares with, such as cafebabe";
    if (value.size() % 2 != 0)
        return "'" + in_one_line(value) + "' has " + std::to_string(value.size()) +
               " hexadecimal digits; a byte has two";
    return {};
}

re2::RE2::Options quiet(re2::RE2::CannedOptions how) {
    re2::RE2::Options options(how);
    options.set_log_errors(false);
    return options;
}

}  // namespace

bool value_syntax::concerns(std::string_view comparison) noexcept {
    return comparison == "regex" || comparison == "bcontains" || comparison == "bstartswith";
}

value_complaint value_syntax::complaint_of(std::string_view comparison, const std::string& value) {
    if (comparison == "regex") return complaint_of_pattern(value);
    if (concerns(comparison)) return {complaint_of_bytes(comparison, value)};
    return {};
}

const value_complaint& value_syntax::complaint_of_pattern(const std::string& pattern) {
    static const value_complaint none;
    if (const auto known = patterns_.find(pattern); known != patterns_.end()) return known->second;
    if (spent_ > most_instructions) return none;
    return patterns_.emplace(pattern, compile(pattern)).first->second;
}

/// Falco compiles with RE2::POSIX and refuses what does not compile; what RE2 would read as Perl's
/// is told apart, because its author has seen it work elsewhere.
/// Source: falcosecurity/libs, userspace/libsinsp/sinsp_filtercheck.cpp, add_filter_value.
value_complaint value_syntax::compile(const std::string& pattern) {
    const auto count = [this](const re2::RE2& is) {
        const bool large  = is.error_code() == re2::RE2::ErrorPatternTooLarge;
        const auto size   = static_cast<std::size_t>(std::max(is.ProgramSize(), 0));
        spent_           += large ? too_large_counts : std::max(size, least_counted);
    };
    const re2::RE2 posix(pattern, quiet(re2::RE2::POSIX));
    count(posix);
    if (posix.ok()) return {};
    const auto     why = "RE2 says: " + in_one_line(posix.error());
    const re2::RE2 perl(pattern, quiet(re2::RE2::Quiet));
    count(perl);
    const auto quoted = "'" + in_one_line(pattern) + "'";
    if (!perl.ok()) return {quoted + " is no regular expression; " + why};
    return {
        quoted +
        " is no regular expression as POSIX has them, which Falco reads: without \\d, \\w, \\b or "
        "(?i); " +
        why
    };
}

}  // namespace falconer::falco::rules

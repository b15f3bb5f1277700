#include "tests_of_fields.hpp"

#include <array>
#include <utility>

namespace falconer::filter {
namespace {

[[noreturn]] void complain(const written& about, std::string what) {
    throw wrong{about.begin, about.end, std::move(what)};
}

std::uint8_t bit_of(priority p) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(p));
}

constexpr int priorities = 8;

priority priority_in(const written& value, std::string_view name) {
    const auto is = priority_of(name);
    if (!is)
        complain(
            value, "'" + std::string(name) +
                       "' is no priority; there are emergency, alert, critical, error, warning, "
                       "notice, informational, debug"
        );
    return *is;
}

/// "a..b", unless the points are in quotes. Either may be empty, not both.
std::optional<std::pair<std::string, std::string>> range_in(const written& value) {
    const auto points = value.text.find("..");
    if (value.literal || value.glob || points == value.text.npos || value.text.size() == 2)
        return std::nullopt;
    return std::pair{value.text.substr(0, points), value.text.substr(points + 2)};
}

/// From the least urgent to the most, whichever is said first; open at an end: all there are.
std::uint8_t priorities_between(int one, int other) {
    std::uint8_t any = 0;
    if (one > other) std::swap(one, other);
    for (int level = one; level <= other; ++level) any |= bit_of(static_cast<priority>(level));
    return any;
}

node priority_is(const written& value) {
    if (value.glob) {
        std::uint8_t any = 0;
        for (int level = 0; level < priorities; ++level)
            if (fits(value.equal(), name_of(static_cast<priority>(level))))
                any |= bit_of(static_cast<priority>(level));
        if (any == 0) complain(value, "no priority is like '" + value.text + "'");
        return {priority_test{any}};
    }
    if (const auto range = range_in(value)) {
        const auto end_of = [&](const std::string& name, priority open) {
            return static_cast<int>(name.empty() ? open : priority_in(value, name));
        };
        return {priority_test{priorities_between(
            end_of(range->first, priority::debug), end_of(range->second, priority::emergency)
        )}};
    }
    return {priority_test{bit_of(priority_in(value, value.text))}};
}

/// The most urgent has the lowest number and counts as the highest.
node priority_order(comparison how, const written& value) {
    const int at   = static_cast<int>(priority_in(value, value.text));
    int       from = 0, to = priorities - 1;
    if (how == comparison::at_least) to = at;
    if (how == comparison::more) to = at - 1;
    if (how == comparison::at_most) from = at;
    if (how == comparison::less) from = at + 1;
    if (from > to) return {priority_test{0}};
    return {priority_test{priorities_between(from, to)}};
}

constexpr std::array<std::pair<std::string_view, event_flag>, 8> flags{{
    {"past", event_flag::past},
    {"future", event_flag::future},
    {"uuid-minted", event_flag::uuid_minted},
    {"sampled", event_flag::sampled},
    {"test", event_flag::test},
    {"requarantine", event_flag::requarantine},
    {"unproven", event_flag::unproven},
    {"replaced-characters", event_flag::replaced_characters},
}};

node flag_is(const written& value) {
    std::uint16_t any = 0;
    for (const auto& [name, flag] : flags)
        if (fits(value.equal(), name)) any |= static_cast<std::uint16_t>(flag);
    if (any == 0)
        complain(
            value, "'" + value.text +
                       "' is no flag; there are past, future, uuid-minted, sampled, test, "
                       "requarantine, unproven, replaced-characters"
        );
    return {flag_test{any}};
}

node uuid_is(const written& value) {
    const auto is = uuid::parse(value.text);
    if (!is) complain(value, "'" + value.text + "' is no UUID");
    return {uuid_test{*is}};
}

moment moment_in(const written& value, std::string_view text, utc_time now) {
    const auto is = parse_moment(text, now);
    if (!is)
        complain(
            value, "'" + std::string(text) +
                       "' is no time; write 2026-11-30, 2026-11-30T02:00Z, -2h or now"
        );
    return *is;
}

/// A day has a beginning and an end; "two hours ago" means: since then.
node time_is(bool of_receipt, const written& value, utc_time now) {
    time_test test{.of_receipt = of_receipt};
    if (const auto range = range_in(value)) {
        if (!range->first.empty()) test.from = moment_in(value, range->first, now).from;
        if (!range->second.empty()) test.before = moment_in(value, range->second, now).before;
        return {test};
    }
    const auto is = moment_in(value, value.text, now);
    test.from     = is.from;
    if (!is.relative) test.before = is.before;
    return {test};
}

node time_order(bool of_receipt, comparison how, const written& value, utc_time now) {
    const auto is = moment_in(value, value.text, now);
    time_test  test{.of_receipt = of_receipt};
    switch (how) {
        case comparison::at_least: test.from = is.from; break;
        case comparison::more: test.from = is.before; break;
        case comparison::less: test.before = is.from; break;
        case comparison::at_most: test.before = is.before; break;
        case comparison::is: break;
    }
    return {test};
}

std::optional<node> number_range(const field& where, const written& value) {
    const auto range = range_in(value);
    if (!range) return std::nullopt;
    number_test test{.name = where.name};
    const auto  bound_of = [&](const std::string& text, std::optional<number_test::bound>& into) {
        if (text.empty()) return true;
        into.emplace(number_test::bound{text, true});
        return is_decimal(text);
    };
    if (!bound_of(range->first, test.from) || !bound_of(range->second, test.to))
        return std::nullopt;
    return node{std::move(test)};
}

}  // namespace

node test_of(const field& where, const written& value, utc_time now) {
    switch (where.which) {
        case field_kind::priority: return priority_is(value);
        case field_kind::flag: return flag_is(value);
        case field_kind::uuid: return uuid_is(value);
        case field_kind::time: return time_is(false, value, now);
        case field_kind::received: return time_is(true, value, now);
        case field_kind::output_field:
            if (auto range = number_range(where, value)) return std::move(*range);
            break;
        default: break;
    }
    if (value.starred) return {present_test{where}};
    return {text_test{where, value.equal()}};
}

node order_of(const field& where, const scanner::head& head, const written& value, utc_time now) {
    switch (where.which) {
        case field_kind::priority: return priority_order(head.how, value);
        case field_kind::time: return time_order(false, head.how, value, now);
        case field_kind::received: return time_order(true, head.how, value, now);
        case field_kind::output_field: break;
        default: throw wrong{head.begin, head.end, "'" + head.name + "' has no order; use ':'"};
    }
    if (!is_decimal(value.text)) complain(value, "'" + value.text + "' is no number");
    number_test        test{.name = where.name};
    number_test::bound bound{
        value.text, head.how == comparison::at_least || head.how == comparison::at_most
    };
    if (head.how == comparison::at_least || head.how == comparison::more)
        test.from = std::move(bound);
    else
        test.to = std::move(bound);
    return {std::move(test)};
}

}  // namespace falconer::filter

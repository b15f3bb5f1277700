#include "comparison_check.hpp"

#include "falconer/spelling.hpp"
#include "operand_check.hpp"
#include "operand_reader.hpp"
#include "value_doubts.hpp"

#include <algorithm>
#include <array>

namespace falconer::falco::rules {
namespace {

constexpr std::array<std::string_view, 4> exact{"=", "==", "!=", "in"};

bool is_exact(std::string_view comparison) {
    return std::ranges::find(exact, comparison) != exact.end();
}

/// Under every operator, and whatever transformers make of it: of evt.type Falco takes whole names
/// only. Of syscall.type it takes any text; one that is no event's name is never equal.
/// Source: falcosecurity/libs, userspace/libsinsp/sinsp_filtercheck_event.cpp,
/// validate_filter_value.
bool names_events(const expression& is) {
    if (is.left.is != operand::kind::field) return false;
    return is.left.field == "evt.type" || (is.left.field == "syscall.type" &&
                                           is.left.transformers.empty() && is_exact(is.comparison));
}

/// As it stands in the condition then: Falco puts quotes around an item that has a blank and none
/// of its own. Empty: it is right. Source: falcosecurity/falco,
/// userspace/engine/rule_loader_compiler.cpp, resolve_list.
std::string wrong_with_item(const std::string& item) {
    const bool own = item.starts_with('"') || item.starts_with('\'');
    if (!own && item.find(' ') == item.npos)
        return is_bare_text(item) ? "" : "needs quotes of its own, '\"…\"'";
    const auto     text = own ? item : '"' + item + '"';
    operand_reader reader(text);
    if (reader.take_quoted() && reader.at_end()) return {};
    if (auto wrong = std::move(reader).wrong()) return "cannot be read: " + wrong->what;
    return "needs quotes of its own, '\"…\"'";
}

}  // namespace

bool comparison_checker::check(
    const expression& is, const joined_text& text, const std::string& source, bool lenient
) {
    return check_in(is, {text, source, lenient, true});
}

bool comparison_checker::check_value(
    const expression& is, const joined_text& text, const std::string& source, bool lenient
) {
    return check_in(is, {text, source, lenient, false});
}

bool comparison_checker::check_in(const expression& is, const scope& in) {
    if (problems_.full() || !field_table::known().has_source(in.source)) return true;
    const auto type = type_of(is.left, in, in.tells_left);
    for (const auto& value : is.values)  // whatever the field is
        if (lists_.is_list(value)) lists_.items_of(value.text);
    if (!type || !check_operator(is, *type, in)) return false;
    if (is.comparison == "exists") return true;
    return is.right ? check_right(is, *type, in) : check_values(is, *type, in);
}

/// Compared with another field.
bool comparison_checker::check_right(
    const expression& is, const compared_type& type, const scope& in
) {
    const auto other = type_of(*is.right, in, true);
    if (!other) return false;
    const auto at = in.text.find(is.right->at);
    if (is.right->is == operand::kind::field &&
        field_table::known().find(in.source, is.right->field)->is->no_rhs) {
        problems_.error(at, title_of(*is.right) + " cannot be compared with, only looked at");
        return false;
    }
    // Source: falcosecurity/libs, userspace/libsinsp/sinsp_filtercheck.cpp.
    if (is.comparison == "pmatch" || is.comparison == "regex") {
        problems_.error(at, "'" + is.comparison + "' compares with texts, not with another field");
        return false;
    }
    if (type.type == field_type::network) {
        problems_.error(
            at, title_of(is.left) + " is compared with IP networks, not with another field"
        );
        return false;
    }
    if (other->type == type.type || other->type == field_type::any || type.type == field_type::any)
        return true;
    problems_.error(
        at, title_of(is.left) + " is of type " + std::string(name_of(type.type)) + ", " +
                title_of(*is.right) + " of type " + std::string(name_of(other->type))
    );
    return false;
}

std::optional<compared_type> comparison_checker::type_of(
    const operand& is, const scope& in, bool tells
) {
    auto checked = check_operand(is, in.source, release_);
    for (auto& each : checked.complaints) {
        if (!tells) break;
        const bool error = each.error && !(each.unknown && in.lenient);
        problems_.add(
            error ? rule_severity::error : rule_severity::warning, in.text.find(each.at),
            std::move(each.what)
        );
    }
    return checked.type;
}

bool comparison_checker::check_operator(
    const expression& is, const compared_type& type, const scope& in
) {
    const bool known = knows_comparison(type, is.comparison);
    if (!known)
        problems_.error(
            in.text.find(is.comparison_at),
            title_of(is.left) + " is " +
                (type.list ? "a list" : "of type " + std::string(name_of(type.type))) +
                ", which knows no '" + is.comparison + "'; it knows " + comparisons_of(type)
        );
    if (!is.modifier.empty() && !release_.is_at_least("0.44.0"))
        problems_.error(
            in.text.find(is.comparison_at),
            "Falco " + release_.version + " does not know '" + is.modifier + "'"
        );
    return known;
}

value_complaint comparison_checker::complaint_of(
    const expression& is, const compared_type& type, const std::string& value, const scope& in
) {
    if (const auto wrong = not_of_type(type.type, value))
        return {
            "'" + in_one_line(value) + "' " + *wrong + ", which " + title_of(is.left) +
            " is compared with"
        };
    if (names_events(is) && !field_table::known().is_event(value))
        return {
            "there is no event '" + in_one_line(value) + "'" +
            (is_exact(is.comparison) ? "" : ", and '" + is.comparison + "' takes whole names, too"
            ) +
            field_table::known().near_event(value)
        };
    if (auto wrong = syntax_.complaint_of(is.comparison, value); !wrong.what.empty()) return wrong;
    return {doubt_of(is.comparison, value, in.source, release_), rule_severity::warning};
}

bool comparison_checker::check_values(
    const expression& is, const compared_type& type, const scope& in
) {
    const bool of_list =
        kind_of_comparison(is.comparison) == comparison_kind::list || !is.modifier.empty();
    bool good = true;
    if (of_list && !is.listed) {
        const auto& value = is.values.front();
        const bool  one   = !lists_.is_list(value) || lists_.items_of(value.text).size() == 1;
        if (!one)
            problems_.error(
                in.text.find(value.at), "the list stands in parentheses: '" + is.comparison +
                                            (is.modifier.empty() ? "" : ' ' + is.modifier) + " (" +
                                            in_one_line(value.text) + ")'"
            );
    }
    for (const auto& value : is.values) {
        if (problems_.full()) return good;
        if (lists_.is_list(value)) {
            good = check_list(is, value, type, in) && good;
            continue;
        }
        if (auto wrong = complaint_of(is, type, value.text, in); !wrong.what.empty()) {
            problems_.add(wrong.is, in.text.find(value.at), std::move(wrong.what));
            good = good && wrong.is != rule_severity::error;
            continue;
        }
        if (value.quoted || !of_list) continue;
        if (const auto& near = lists_.near_list(value.text); !near.empty())
            problems_.warning(
                in.text.find(value.at), "'" + value.text +
                                            "' is no list and is taken as a text; did you mean the "
                                            "list '" +
                                            near + "'?"
            );
    }
    return good;
}

bool comparison_checker::check_list(
    const expression& is, const operand_value& value, const compared_type& type, const scope& in
) {
    const auto& items = lists_.items_of(value.text);
    const bool  of_list =
        kind_of_comparison(is.comparison) == comparison_kind::list || !is.modifier.empty();
    if (!of_list && items.size() != 1) {
        problems_.error(
            in.text.find(value.at), "'" + in_one_line(value.text) +
                                        "' is a list; compare with 'in (" +
                                        in_one_line(value.text) + ")'"
        );
        return false;
    }
    const auto key = value.text + '/' + std::string(name_of(type.type)) + '/' +
                     (names_events(is) ? "events" : "") +
                     (value_syntax::concerns(is.comparison) ? is.comparison : "");
    if (!good_lists_.insert(key).second) return true;
    bool good = true;
    for (const auto& item : items) {
        if (problems_.full()) return good;
        const std::string text(unquoted(item.text));
        if (const auto wrong = complaint_of(is, type, text, in); !wrong.what.empty()) {
            good = good && wrong.is != rule_severity::error;
            problems_.add(
                wrong.is, item.at, "in list '" + in_one_line(value.text) + "': " + wrong.what
            );
        } else if (const auto why = wrong_with_item(item.text); !why.empty()) {
            good = false;
            problems_.error(
                item.at,
                "in list '" + in_one_line(value.text) + "': '" + in_one_line(text) + "' " + why
            );
        }
    }
    return good;
}

}  // namespace falconer::falco::rules

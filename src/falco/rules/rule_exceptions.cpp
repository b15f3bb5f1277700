#include "rule_exceptions.hpp"

#include "falconer/spelling.hpp"
#include "operand_check.hpp"
#include "value_kinds.hpp"

#include <algorithm>

namespace falconer::falco::rules {
namespace {

/// "startswith oneof" is as good as "in". Source: falcosecurity/falco,
/// userspace/engine/rule_loader_cmpop.h.
bool takes_list(const exception_part& comparison) {
    const auto is = exception_comparison(comparison.text);
    return kind_of_comparison(is.name) == comparison_kind::list || !is.modifier.empty();
}

class exception_checker {
public:
    exception_checker(
        rule_exception& is, const std::string& source, const falco_release& release,
        problem_list& problems
    )
        : is_(is), source_(source), release_(release), problems_(problems) {}

    void run() {
        if (!is_.fields.given()) return;  // told
        if (is_.fields.list)
            check_several();
        else
            check_one();
    }

private:
    std::string title() const { return "exception '" + in_one_line(is_.name) + "'"; }
    void        error(const where& at, std::string text) {
        is_.broken = true;
        problems_.error(at, std::move(text));
    }

    /// A field, or what a transformer makes of one.
    std::optional<compared_type> type_of(const exception_part& field) {
        const auto& table = field_table::known();
        if (!table.has_source(source_)) return std::nullopt;
        syntax_error wrong;
        const auto   is = read_operand(field.text, wrong);
        if (!is && field.text.find('(') != field.text.npos) {
            error(field.at, "'" + in_one_line(field.text) + "' is no field: " + wrong.what);
            return std::nullopt;
        }
        const bool plain = !is || is->is == operand::kind::field;
        if (plain && (!is || !table.find(source_, is->field))) {
            const auto name = is ? std::string_view(is->field) : field_name_at(field.text);
            error(
                field.at, "there is no field '" + in_one_line(field.text) + "'" +
                              table.near_field(source_, name.empty() ? field.text : name)
            );
            return std::nullopt;
        }
        auto checked = check_operand(*is, source_, release_);
        for (auto& each : checked.complaints) {
            is_.broken = is_.broken || each.error;
            problems_.add(
                each.error ? rule_severity::error : rule_severity::warning, field.at,
                std::move(each.what)
            );
        }
        return checked.type;
    }

    void check_comparison(
        const exception_part& comparison, const exception_part& field,
        const std::optional<compared_type>& type
    ) {
        const auto is   = exception_comparison(comparison.text);
        const auto kind = kind_of_comparison(is.name);
        if (!kind || (!is.modifier.empty() && *kind != comparison_kind::text))
            error(
                comparison.at, "there is no operator '" + in_one_line(comparison.text) + "'" +
                                   near_comparison(comparison.text)
            );
        else if (*kind == comparison_kind::unary)
            error(
                comparison.at, "'" + std::string(is.name) +
                                   "' compares with nothing, and here each field has a value"
            );
        else if (!is.modifier.empty() && !release_.is_at_least("0.44.0"))
            error(
                comparison.at,
                "Falco " + release_.version + " does not know '" + std::string(is.modifier) + "'"
            );
        else if (type && !knows_comparison(*type, is.name))
            error(
                comparison.at, "'" + field.text + "' is of type " +
                                   std::string(name_of(type->type)) + ", which knows no '" +
                                   std::string(is.name) + "'"
            );
    }

    void check_one() {
        const auto type = type_of(is_.fields);
        if (!is_.comparisons.given()) {
            is_.comparisons.text = "in";
            is_.comparisons.list = false;
        }
        const auto& comparison = is_.comparisons;
        if (comparison.list)
            error(comparison.at, "with one field, " + title() + " has one operator, not a list");
        else if (!takes_list(comparison))
            error(
                comparison.at, "with one field, the operator of " + title() +
                                   " is 'in', 'pmatch' or 'intersects', not '" +
                                   in_one_line(comparison.text) + "'"
            );
        else
            check_comparison(comparison, is_.fields, type);
        for (const auto& each : is_.values) {
            if (each.list)
                problems_.error(
                    each.at, "with one field, each value of " + title() + " is a text, not a list"
                );
        }
    }

    void check_several() {
        const auto count = is_.fields.items.size();
        if (!is_.comparisons.given()) {
            is_.comparisons = {.list = true, .at = is_.at};
            is_.comparisons.items.assign(count, {.text = "=", .at = is_.at});
        }
        const auto& comparisons = is_.comparisons;
        const bool  match       = comparisons.list && comparisons.items.size() == count;
        if (!match)
            error(
                comparisons.at,
                title() + " has " + counted(count, "field") + " and " +
                    counted(comparisons.list ? comparisons.items.size() : 1, "operator")
            );
        for (std::size_t i = 0; i < count; ++i) {
            const auto type = type_of(is_.fields.items[i]);
            if (match) check_comparison(comparisons.items[i], is_.fields.items[i], type);
        }
        for (const auto& each : is_.values)
            if (!each.list || each.items.size() != count)
                problems_.error(
                    each.at, title() + " has " + counted(count, "field") + " and " +
                                 counted(each.list ? each.items.size() : 1, "value")
                );
    }

    static std::string counted(std::size_t count, const std::string& what) {
        return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
    }

    rule_exception&      is_;
    const std::string&   source_;
    const falco_release& release_;
    problem_list&        problems_;
};

/// Source: falcosecurity/falco, userspace/engine/rule_loader_compiler.cpp, quote_item.
std::string with_quotes(const std::string& text) {
    const bool bare = !text.starts_with('"') && !text.starts_with('\'');
    return bare && text.find(' ') != text.npos ? '"' + text + '"' : text;
}

/// What stands behind the operator. A text that is in no list of the file's own gets parentheses
/// in place of quotes.
std::string written(const exception_part& value, const exception_part& comparison) {
    if (!value.list) {
        if (!takes_list(comparison)) return with_quotes(value.text);
        return value.text.starts_with('(') ? value.text : '(' + value.text + ')';
    }
    std::string text;
    for (const auto& each : value.items)
        text += (text.empty() ? "(" : ", ") + with_quotes(each.text);
    return text.empty() ? "()" : text + ')';
}

}  // namespace

void check_exception(
    rule_exception& is, const std::string& source, const falco_release& release,
    problem_list& problems
) {
    exception_checker(is, source, release, problems).run();
}

void append_exception(
    std::vector<rule_exception>& to, rule_exception more, const std::string& source,
    const falco_release& release, problem_list& problems
) {
    const auto title = "exception '" + in_one_line(more.name) + "'";
    const auto found = std::ranges::find(to, more.name, &rule_exception::name);
    if (found == to.end()) {
        if (!more.fields.given())
            problems.error(more.at, title + " is a new one and has no 'fields'");
        else if (more.values.empty())
            problems.error(more.at, title + " is a new one and has no 'values'");
        check_exception(more, source, release, problems);
        to.push_back(std::move(more));
        return;
    }
    if (more.fields.given() || more.comparisons.given()) {
        problems.error(
            more.at, title + " is there already: only values can be added, no fields and operators"
        );
        return;
    }
    auto as_one   = *found;
    as_one.values = more.values;
    as_one.at     = more.at;
    check_exception(as_one, source, release, problems);
    found->broken = found->broken || as_one.broken;
    std::ranges::move(more.values, std::back_inserter(found->values));
}

/// Source: falcosecurity/falco, userspace/engine/rule_loader_compiler.cpp,
/// build_rule_exception_infos.
std::vector<exception_check> checks_of(const rule_exception& is) {
    std::vector<exception_check> all;
    if (is.broken || !is.fields.given()) return all;
    for (const auto& value : is.values) {
        if (!is.fields.list) {
            if (value.list) continue;  // told
            all.push_back(
                {is.fields.text + ' ' + is.comparisons.text + " (" + with_quotes(value.text) + ')',
                 value.text, value.at}
            );
            continue;
        }
        if (!value.list || value.items.size() != is.fields.items.size()) continue;  // told
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            const auto& one        = value.items[i];
            const auto& comparison = is.comparisons.items[i];
            const auto  front      = is.fields.items[i].text + ' ' + comparison.text + ' ';
            if (!one.list || !takes_list(comparison)) {
                all.push_back({front + written(one, comparison), one.text, one.at});
                continue;
            }
            for (const auto& each : one.items)  // each at its own place
                all.push_back({front + '(' + with_quotes(each.text) + ')', each.text, each.at});
        }
    }
    return all;
}

}  // namespace falconer::falco::rules

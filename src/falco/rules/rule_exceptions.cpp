#include "rule_exceptions.hpp"

#include "falconer/spelling.hpp"
#include "operand_check.hpp"
#include "value_kinds.hpp"

#include <algorithm>

namespace falconer::falco::rules {
namespace {

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
    void        error(const where& at, std::string text) { problems_.error(at, std::move(text)); }

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
        for (auto& each : checked.complaints)
            problems_.add(
                each.error ? rule_severity::error : rule_severity::warning, field.at,
                std::move(each.what)
            );
        return checked.type;
    }

    /// "startswith oneof" is as good as "in". Source: falcosecurity/falco,
    /// userspace/engine/rule_loader_cmpop.h.
    bool takes_list(const exception_part& comparison) const {
        const auto is = exception_comparison(comparison.text);
        return kind_of_comparison(is.name) == comparison_kind::list || !is.modifier.empty();
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

    /// Falco joins what is in a list with commas and quotes nothing.
    void check_listed(const exception_part& value, const exception_part& comparison) {
        if (!takes_list(comparison)) return;
        for (const auto& each : value.items) check_listed(each, comparison);
        const auto& text = value.text;
        if (value.list || text.find(' ') == text.npos || text.starts_with('"') ||
            text.starts_with('\'') || text.starts_with('('))
            return;
        error(
            value.at, "'" + in_one_line(text) +
                          "' has a blank in it and needs quotes of its own, '\"" +
                          in_one_line(text) + "\"'"
        );
    }

    void check_value(const exception_part& value, const std::optional<compared_type>& type) {
        for (const auto& each : value.items) check_value(each, type);
        if (value.list || !type) return;
        std::string_view text = value.text;
        if (text.size() > 1 && (text.front() == '"' || text.front() == '\'') &&
            text.back() == text.front())
            text = text.substr(1, text.size() - 2);
        if (text.starts_with('(')) return;
        if (const auto wrong = not_of_type(type->type, text); wrong && !is_identifier_like(text))
            error(value.at, "'" + in_one_line(text) + "' " + *wrong);
    }

    /// A list's name may stand for its items.
    static bool is_identifier_like(std::string_view text) {
        return is_identifier(text) && text.find('_') != std::string_view::npos;
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
                error(
                    each.at, "with one field, each value of " + title() + " is a text, not a list"
                );
            else
                check_value(each, type);
            check_listed(each, comparison);
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
        std::vector<std::optional<compared_type>> types;
        for (std::size_t i = 0; i < count; ++i) {
            types.push_back(type_of(is_.fields.items[i]));
            if (match) check_comparison(comparisons.items[i], is_.fields.items[i], types.back());
        }
        for (const auto& each : is_.values) {
            if (!each.list || each.items.size() != count) {
                error(
                    each.at, title() + " has " + counted(count, "field") + " and " +
                                 counted(each.list ? each.items.size() : 1, "value")
                );
                continue;
            }
            for (std::size_t i = 0; i < count; ++i) check_value(each.items[i], types[i]);
            if (!match) continue;
            for (std::size_t i = 0; i < count; ++i)
                check_listed(each.items[i], comparisons.items[i]);
        }
    }

    static std::string counted(std::size_t count, const std::string& what) {
        return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
    }

    rule_exception&      is_;
    const std::string&   source_;
    const falco_release& release_;
    problem_list&        problems_;
};

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
    std::ranges::move(more.values, std::back_inserter(found->values));
}

}  // namespace falconer::falco::rules

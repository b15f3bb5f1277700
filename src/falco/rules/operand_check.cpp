#include "operand_check.hpp"

#include "field_check.hpp"

#include <algorithm>

namespace falconer::falco::rules {
namespace {

using kind = operand::kind;

class operand_checker {
public:
    operand_checker(std::string_view source, const falco_release& release)
        : source_(source), release_(release) {}

    checked_operand check(const operand& is) && {
        done_.type = type_of(is);
        return std::move(done_);
    }

private:
    void error(std::size_t at, std::string what) {
        done_.complaints.push_back({.at = at, .what = std::move(what)});
    }

    std::optional<compared_type> type_of(const operand& is) {
        std::optional<compared_type> type;
        switch (is.is) {
            case kind::field: type = type_of_field(is); break;
            case kind::text: type = compared_type{field_type::text, false}; break;
            case kind::list: type = type_of_list(is); break;
            case kind::call: type = type_of_call(is); break;
        }
        for (auto each = is.transformers.rbegin(); type && each != is.transformers.rend(); ++each) {
            const auto next = transformed(*each, *type);
            if (!next)
                error(
                    is.at, *each + "() does not work on " + title_of(is) + ", which is " +
                               (type->list ? "a list of " : "of type ") +
                               std::string(name_of(type->type))
                );
            type = next;
        }
        return type;
    }

    std::optional<compared_type> type_of_field(const operand& is) {
        const auto checked = check_field(source_, is.field, is.argument, release_);
        bool       good    = true;
        for (const auto& each : checked.complaints) {
            // Behind transformers its begin is not known: there the whole is pointed at.
            const auto at = is.at + (is.transformers.empty() ? each.at : 0);
            done_.complaints.push_back({each.error, each.unknown, at, each.what});
            good = good && !each.error;
        }
        if (!checked.is || !good) return std::nullopt;
        const auto& field = *checked.is->is;
        if (field.output_only) error(is.at, title_of(is) + " says something only in outputs");
        const auto changes = [](const std::string& each) { return each != "val"; };
        if (field.no_transformer && std::ranges::any_of(is.transformers, changes)) {
            error(is.at, "no transformer works on " + title_of(is));
            return std::nullopt;
        }
        return compared_type{field.type, field.list};
    }

    std::optional<compared_type> type_of_list(const operand& is) {
        bool good = true;
        for (const auto& each : is.parts) good = type_of(each).has_value() && good;
        if (!good) return std::nullopt;
        return compared_type{field_type::text, true};
    }

    static bool is_text(const compared_type& is) {
        return is.type == field_type::text || is.type == field_type::any;
    }

    /// Source: falcosecurity/libs 0.25, sinsp_filtercheck_multivalue_transformer.cpp.
    std::optional<compared_type> type_of_call(const operand& is) {
        if (!release_.is_at_least("0.44.0")) {
            error(is.at, "Falco " + release_.version + " does not know '" + is.field + "'");
            return std::nullopt;
        }
        std::vector<compared_type> types;
        for (const auto& each : is.parts)
            if (const auto type = type_of(each)) types.push_back(*type);
        if (types.size() != is.parts.size()) return std::nullopt;  // told
        const auto wrong = is.field == "concat" ? wrong_with_concat(types)
                           : is.field == "join" ? wrong_with_join(types)
                                                : wrong_with_getopt(types);
        if (!wrong.empty()) {
            error(is.at, is.field + "() " + wrong);
            return std::nullopt;
        }
        if (is.field != "getopt") {
            if (!is.argument) return compared_type{field_type::text, false};
            error(is.at, is.field + "() takes no argument in '[]'");
            return std::nullopt;
        }
        if (!is.argument) return compared_type{field_type::text, true};
        if (is.argument->size() == 1) return compared_type{field_type::text, false};
        error(is.at, "what stands in '[]' behind getopt() is one letter, an option");
        return std::nullopt;
    }

    static std::string wrong_with_concat(const std::vector<compared_type>& types) {
        if (types.size() < 2) return "takes two texts at least";
        const bool good =
            std::ranges::all_of(types, [](const auto& is) { return is_text(is) && !is.list; });
        return good ? "" : "takes texts only";
    }
    static std::string wrong_with_join(const std::vector<compared_type>& types) {
        if (types.size() != 2 || types[0].list || !types[1].list)
            return "takes what stands between, and a list";
        return {};
    }
    static std::string wrong_with_getopt(const std::vector<compared_type>& types) {
        if (types.size() != 2 || !types[0].list || types[1].list || !is_text(types[0]) ||
            !is_text(types[1]))
            return "takes a list of arguments, and the options as getopt(3) has them";
        return {};
    }

    std::string_view     source_;
    const falco_release& release_;
    checked_operand      done_{};
};

}  // namespace

checked_operand check_operand(
    const operand& is, std::string_view source, const falco_release& release
) {
    return operand_checker(source, release).check(is);
}

std::string title_of(const operand& is) {
    switch (is.is) {
        case kind::call: return is.field + "()";
        case kind::list: return "a list";
        case kind::text:
        case kind::field: break;
    }
    return "'" + is.field + (is.argument ? '[' + *is.argument + ']' : "") + "'";
}

}  // namespace falconer::falco::rules

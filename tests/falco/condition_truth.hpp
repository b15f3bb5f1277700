// Whether a condition of Falco's is true of an event: as much of the language as our own rules use.
#pragma once

#include "falco/rules/condition.hpp"
#include "falconer/value.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// By the names of Falco's fields. What an event does not have is not there.
using seen_event = std::map<std::string, std::string, std::less<>>;

/// One file's rules, asked as Falco asks them: the first one that matches is the one that tells.
class told_rules {
public:
    explicit told_rules(const value& file) {
        for (const auto& entry : file.items()) {
            if (const auto* list = entry.find("list"))
                lists_[*list->text()] = entry.find("items");
            else if (entry.find("macro") != nullptr)
                macros_.emplace(entry.text_at({"macro"}), parsed(entry.text_at({"condition"})));
            else if (entry.find("rule") != nullptr)
                rules_.emplace_back(entry.text_at({"rule"}), parsed(entry.text_at({"condition"})));
        }
    }

    /// Empty: none.
    std::string tells(const seen_event& event) const {
        for (const auto& [name, condition] : rules_)
            if (holds(condition, event)) return name;
        return {};
    }

private:
    using expression = rules::expression;

    static expression parsed(std::string_view text) {
        auto read = rules::parse_condition(text);
        if (read.wrong) throw std::runtime_error(read.wrong->what + " in " + std::string(text));
        return std::move(read.is);
    }

    bool holds(const expression& is, const seen_event& event) const {
        const auto part = [&](const expression& one) { return holds(one, event); };
        switch (is.is) {
            case expression::kind::all_of: return std::ranges::all_of(is.parts, part);
            case expression::kind::any_of: return std::ranges::any_of(is.parts, part);
            case expression::kind::negation: return !part(is.parts.front());
            case expression::kind::macro: return holds(macros_.at(is.macro), event);
            case expression::kind::check: break;
        }
        if (is.right || is.left.argument || !is.left.transformers.empty() || !is.modifier.empty())
            throw std::runtime_error("more than this can say: " + is.left.field);
        const auto found = event.find(is.left.field);
        if (found == event.end()) return false;
        return std::ranges::any_of(is.values, [&](const rules::operand_value& wanted) {
                   const auto list = wanted.quoted ? lists_.end() : lists_.find(wanted.text);
                   if (list == lists_.end()) return fits(is.comparison, found->second, wanted.text);
                   return std::ranges::any_of(list->second->items(), [&](const value& item) {
                       return fits(is.comparison, found->second, *item.text());
                   });
               }) != (is.comparison == "!=");
    }

    static bool fits(
        const std::string& comparison, std::string_view is, const std::string& wanted
    ) {
        if (comparison == "=" || comparison == "!=" || comparison == "in") return is == wanted;
        if (comparison == "startswith") return is.starts_with(wanted);
        if (comparison == "endswith") return is.ends_with(wanted);
        if (comparison == "contains") return is.find(wanted) != std::string_view::npos;
        if (comparison == ">=") return std::stol(std::string(is)) >= std::stol(wanted);
        throw std::runtime_error("an operator that this does not know: " + comparison);
    }

    std::map<std::string, const value*, std::less<>> lists_{};
    std::map<std::string, expression, std::less<>>   macros_{};
    std::vector<std::pair<std::string, expression>>  rules_{};
};

}  // namespace falconer::falco

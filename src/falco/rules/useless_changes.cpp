#include "useless_changes.hpp"

namespace falconer::falco::rules {
namespace {

std::string place_of(const where& is) {
    return "line " + std::to_string(is.at.line) + " of " + is.file->text.name();
}

std::string in_single_blanks(std::string_view text) {
    std::string one;
    for (const char c : text) {
        if (!is_blank(c))
            one += c;
        else if (!one.empty() && one.back() != ' ')
            one += ' ';
    }
    while (!one.empty() && one.back() == ' ') one.pop_back();
    return one;
}

}  // namespace

void tell_lost(
    const rule_definition& rule, const std::string& key, const where& by, problem_list& problems
) {
    const auto found = rule.changes.find(key);
    if (found == rule.changes.end()) return;
    problems.warning(
        found->second,
        "this change of '" + key + "' is without effect: " + place_of(by) + " replaces it"
    );
}

void tell_all_lost(const rule_definition& rule, const where& by, problem_list& problems) {
    for (const auto& [key, at] : rule.changes)
        problems.warning(
            at, "this change of '" + key + "' is without effect: " + place_of(by) +
                    " defines the rule anew"
        );
}

bool says_the_same(std::string_view a, std::string_view b) {
    return in_single_blanks(a) == in_single_blanks(b);
}

}  // namespace falconer::falco::rules

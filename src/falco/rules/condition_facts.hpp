// What must hold for a condition to be true: of which events, with which values.
#pragma once

#include "rule_book.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace falconer::falco::rules {

/// Some values, or all but some.
class value_set {
public:
    static value_set all() { return value_set(true, {}); }
    static value_set none() { return value_set(false, {}); }
    static value_set of(std::set<std::string> names) { return value_set(false, std::move(names)); }

    bool        is_empty() const noexcept { return !all_but_ && names_.empty(); }
    bool        is_bounded() const noexcept { return !all_but_; }
    std::size_t size() const noexcept { return names_.size(); }

    value_set inverted() const { return value_set(!all_but_, names_); }
    value_set both(const value_set& other) const;
    value_set either(const value_set& other) const;

private:
    value_set(bool all_but, std::set<std::string> names)
        : all_but_(all_but), names_(std::move(names)) {}

    bool                  all_but_ = true;
    std::set<std::string> names_{};
};

struct condition_facts {
    bool possible = true;
    /// Events for which it can be true, and those for which it can be false.
    value_set events = value_set::all(), other_events = value_set::all();
    /// Values that a field must have where it is true; fields that may have any are left out.
    std::map<std::string, value_set> needs{};
    std::string                      contradiction{};  // the field, where that made it impossible
};

/// `macro`: facts of another condition; `values`: of a check, lists resolved; nothing: too many.
struct facts_source {
    std::function<const condition_facts&(const std::string&)>                    macro;
    std::function<std::optional<std::set<std::string>>(const expression& check)> values;
    std::string                                                                  source{};
};
condition_facts facts_of(const expression& is, const facts_source& from);

}  // namespace falconer::falco::rules

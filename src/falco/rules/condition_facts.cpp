#include "condition_facts.hpp"

#include "field_table.hpp"

#include <algorithm>
#include <iterator>

namespace falconer::falco::rules {
namespace {

using names = std::set<std::string>;

/// Of one condition; more is nobody's contradiction, and remembering it costs.
constexpr std::size_t most_needs  = 16;
constexpr std::size_t most_values = 64;

names common(const names& a, const names& b) {
    names both;
    std::ranges::set_intersection(a, b, std::inserter(both, both.end()));
    return both;
}
names without(const names& a, const names& b) {
    names rest;
    std::ranges::set_difference(a, b, std::inserter(rest, rest.end()));
    return rest;
}
names together(names a, const names& b) {
    a.insert(b.begin(), b.end());
    return a;
}

condition_facts impossible() {
    condition_facts facts;
    facts.possible = false;
    facts.events   = value_set::none();
    return facts;
}

void add_needs(condition_facts& to, const condition_facts& more) {
    for (const auto& [field, values] : more.needs) {
        if (to.needs.size() >= most_needs && !to.needs.contains(field)) continue;
        const auto [at, fresh] = to.needs.emplace(field, values);
        if (fresh) continue;
        at->second = at->second.both(values);
        if (at->second.is_empty() && to.contradiction.empty()) to.contradiction = field;
        if (at->second.size() > most_values) to.needs.erase(at);
    }
}

condition_facts all_of(const expression& is, const facts_source& from) {
    condition_facts all;
    all.other_events = value_set::none();
    for (const auto& part : is.parts) {
        auto facts       = facts_of(part, from);
        all.possible     = all.possible && facts.possible;
        all.events       = all.events.both(facts.events);
        all.other_events = all.other_events.either(facts.other_events);
        if (all.contradiction.empty()) all.contradiction = facts.contradiction;
        add_needs(all, facts);
    }
    if (all.possible && all.events.is_empty() && all.contradiction.empty())
        all.contradiction = "evt.type";
    if (!all.contradiction.empty()) all.possible = false;
    if (!all.possible) all.events = value_set::none();
    return all;
}

condition_facts any_of(const expression& is, const facts_source& from) {
    condition_facts any = impossible();
    any.other_events    = value_set::all();
    for (const auto& part : is.parts) {
        auto facts       = facts_of(part, from);
        any.other_events = any.other_events.both(facts.other_events);
        if (!facts.possible) {
            if (any.contradiction.empty() && !any.possible) any.contradiction = facts.contradiction;
            continue;
        }
        any.events = any.events.either(facts.events);
        if (!any.possible) {
            any.needs = std::move(facts.needs);
        } else {
            for (auto need = any.needs.begin(); need != any.needs.end();) {
                const auto other = facts.needs.find(need->first);
                if (other != facts.needs.end()) need->second = need->second.either(other->second);
                const bool forget = other == facts.needs.end() || need->second.size() > most_values;
                need              = forget ? any.needs.erase(need) : std::next(need);
            }
        }
        any.possible = true;
        any.contradiction.clear();
    }
    return any;
}

condition_facts check(const expression& is, const facts_source& from) {
    condition_facts facts;
    const auto&     left  = is.left;
    const bool      equal = is.comparison == "=" || is.comparison == "==" || is.comparison == "in";
    const bool      unequal = is.comparison == "!=";
    if ((!equal && !unequal) || is.right || !is.modifier.empty() || !left.transformers.empty() ||
        left.is != operand::kind::field)
        return facts;
    auto some = from.values(is);
    if (!some) return facts;
    auto& values = *some;
    // Events are counted from 1: how one writes 'never' and 'always'.
    if (left.field == "evt.num" && values == names{"0"}) return equal ? impossible() : facts;
    const auto set = equal ? value_set::of(std::move(values)) : value_set::of(values).inverted();
    if (left.field == "evt.type" || left.field == "syscall.type") {
        facts.events       = set;
        facts.other_events = set.inverted();
        facts.possible     = !set.is_empty();
        return facts;
    }
    const auto found = field_table::known().find(from.source, left.field);
    if (!found || found->is->list || (found->is->every && !left.argument) ||
        (found->is->type != field_type::text && found->is->type != field_type::boolean))
        return facts;
    if (set.size() <= most_values)
        facts.needs.emplace(
            left.argument ? left.field + '[' + *left.argument + ']' : left.field, set
        );
    facts.possible = !set.is_empty();
    if (!facts.possible) facts.events = value_set::none();
    return facts;
}

}  // namespace

value_set value_set::both(const value_set& other) const {
    if (all_but_ && other.all_but_) return {true, together(names_, other.names_)};
    if (all_but_) return {false, without(other.names_, names_)};
    if (other.all_but_) return {false, without(names_, other.names_)};
    return {false, common(names_, other.names_)};
}

value_set value_set::either(const value_set& other) const {
    if (!all_but_ && !other.all_but_) return {false, together(names_, other.names_)};
    return inverted().both(other.inverted()).inverted();
}

condition_facts facts_of(const expression& is, const facts_source& from) {
    switch (is.is) {
        case expression::kind::all_of: return all_of(is, from);
        case expression::kind::any_of: return any_of(is, from);
        case expression::kind::macro: return from.macro(is.macro);
        case expression::kind::check: return check(is, from);
        case expression::kind::negation: break;
    }
    const auto      inner = facts_of(is.parts.front(), from);
    condition_facts facts;
    facts.events       = inner.other_events;
    facts.other_events = inner.events;
    facts.possible     = !facts.events.is_empty();
    return facts;
}

}  // namespace falconer::falco::rules

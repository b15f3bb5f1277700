#include "list_values.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <cstdlib>

namespace falconer::falco::rules {
namespace {

constexpr std::size_t most_items  = 500'000;  // of all lists, those of others in them included
constexpr std::size_t most_values = 600;      // more than there are events
constexpr std::size_t most_near   = 2'000;    // words that are looked up among lists

/// One letter too many, too few or another, or two swapped.
bool is_one_slip_away(std::string_view a, std::string_view b) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > 1 || a == b) return false;
    const auto [x, y] = std::ranges::mismatch(a, b);
    const auto from   = static_cast<std::size_t>(x - a.begin());
    if (a.size() != b.size()) return a.substr(from) == b.substr(from + 1);
    if (a.substr(from + 1) == b.substr(from + 1)) return true;
    return from + 1 < a.size() && a[from] == b[from + 1] && a[from + 1] == b[from] &&
           a.substr(from + 2) == b.substr(from + 2);
}

}  // namespace

std::string_view unquoted(std::string_view text) noexcept {
    if (text.size() > 1 && (text.front() == '"' || text.front() == '\'') &&
        text.back() == text.front())
        return text.substr(1, text.size() - 2);
    return text;
}

void list_values::collect(
    const list_definition& list, std::set<std::string>& seen, std::vector<list_item>& into
) {
    if (!seen.insert(list.name).second || seen.size() > 100) return;
    for (const auto& item : list.items) {
        if (++collected_ > most_items) return;
        const auto other = book_.lists.find(item.text);
        if (other == book_.lists.end() || other->first == list.name) {
            into.push_back(item);
        } else {
            other->second.used = true;
            collect(other->second, seen, into);
        }
    }
    seen.erase(list.name);
}

const std::vector<list_item>& list_values::items_of(const std::string& list) {
    const auto [at, fresh] = items_.try_emplace(list);
    if (!fresh) return at->second;
    auto& is = book_.lists.find(list)->second;
    is.used  = true;
    std::set<std::string> seen;
    collect(is, seen, at->second);
    return at->second;
}

std::optional<std::set<std::string>> list_values::values_of(const expression& check) {
    std::set<std::string> all;
    for (const auto& value : check.values) {
        if (!is_list(value)) {
            all.insert(value.text);
        } else {
            const auto& items = items_of(value.text);
            if (items.size() > most_values) return std::nullopt;
            for (const auto& item : items) all.emplace(unquoted(item.text));
        }
        if (all.size() > most_values) return std::nullopt;
    }
    return all;
}

const std::string& list_values::near_list(const std::string& text) {
    static const std::string none;
    if (near_.size() > most_near) return none;
    const auto [at, fresh] = near_.try_emplace(text);
    if (!fresh || text.find('_') == std::string::npos || !is_identifier(text)) return at->second;
    for (const auto& [name, is] : book_.lists)
        if (is_one_slip_away(text, name)) at->second = name;
    return at->second;
}

}  // namespace falconer::falco::rules

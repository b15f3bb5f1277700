#include "owners.hpp"

#include "patch.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <string_view>

namespace falconer::sandbox {
namespace {

using fields = field_sets::fields;

constexpr std::string_view finalizers = "/metadata/finalizers";

/// Names that say which object it is, and what only the server writes, are nobody's. Source:
/// apimachinery, util/managedfields/internal/stripmeta.go.
bool is_nobodys(const std::string& path) {
    constexpr std::array<std::string_view, 13> all{
        "/apiVersion",
        "/kind",
        "/metadata",
        "/metadata/name",
        "/metadata/namespace",
        "/metadata/uid",
        "/metadata/resourceVersion",
        "/metadata/generation",
        "/metadata/creationTimestamp",
        "/metadata/deletionTimestamp",
        "/metadata/deletionGracePeriodSeconds",
        "/metadata/selfLink",
        "/metadata/managedFields",
    };
    return std::ranges::find(all, path) != all.end();
}

std::string escaped(std::string_view key) {
    std::string text;
    for (const char c : key) {
        if (c == '~' || c == '/' || c == '\n')
            text += c == '~' ? "~0" : c == '/' ? "~1" : "~2";
        else
            text += c;
    }
    return text;
}

std::string plain(std::string_view part) {
    std::string text;
    for (std::size_t i = 0; i < part.size(); ++i) {
        const bool coded = part[i] == '~' && i + 1 < part.size();
        if (coded) ++i;
        text += !coded ? part[i] : part[i] == '1' ? '/' : part[i] == '2' ? '\n' : '~';
    }
    return text;
}

std::string scalar_text(const value& is) {
    return is.is_text() ? *is.text() : json_text(is);
}

/// A list whose items are fields of their own: how each is called. Empty: the list is one field.
std::vector<std::string> names_of_items(const value& list, const std::string& path, bool keyed) {
    std::vector<std::string> names;
    if (!list.is_list()) return names;
    if (path == finalizers) {
        for (const auto& each : list.items()) names.push_back("v:" + escaped(scalar_text(each)));
        return names;
    }
    if (!keyed && !path.starts_with("/metadata/")) return names;
    const auto key = merge_key_of(path.substr(path.rfind('/') + 1), list.items());
    if (key.empty()) return names;
    for (const auto& each : list.items()) {
        const auto* const id = each.find(key);
        if (id == nullptr) return {};
        names.push_back("k:" + std::string(key) + "=" + escaped(scalar_text(*id)));
    }
    return names;
}

/// All that is at `path` and below it.
void collect(const value& is, const std::string& path, bool keyed, fields& into) {
    if (is.is_map() && !is.entries().empty()) {
        for (const auto& each : is.entries())
            collect(each.is, path + "/" + escaped(each.key), keyed, into);
        return;
    }
    const auto names = names_of_items(is, path, keyed);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto at = path + "/" + names[i];
        into.insert(at);
        if (is.items()[i].is_map()) collect(is.items()[i], at, keyed, into);
    }
    if (names.empty() && !path.empty() && !is_nobodys(path)) into.insert(path);
}

struct difference {
    fields changed{};  // or added
    fields removed{};
};

void compare(
    const value* was, const value* is, const std::string& path, bool keyed, difference& into
);

void compare_items(
    const value& was, const value& is, const std::string& path, bool keyed, difference& into
) {
    const auto before = names_of_items(was, path, keyed), after = names_of_items(is, path, keyed);
    const auto item_of = [](const value& list, const auto& names, const std::string& name) {
        const auto at = std::ranges::find(names, name);
        return at == names.end() ? nullptr
                                 : &list.items()[static_cast<std::size_t>(at - names.begin())];
    };
    for (const auto& name : after) {
        const auto  at  = path + "/" + name;
        const auto* had = item_of(was, before, name);
        const auto* has = item_of(is, after, name);
        if (had == nullptr) into.changed.insert(at);
        if (has->is_map()) compare(had, has, at, keyed, into);
    }
    for (const auto& name : before) {
        if (std::ranges::find(after, name) != after.end()) continue;
        const auto  at  = path + "/" + name;
        const auto* had = item_of(was, before, name);
        into.removed.insert(at);
        if (had->is_map()) collect(*had, at, keyed, into.removed);
    }
}

/// Null: it was not there, or is no longer.
void compare(
    const value* was, const value* is, const std::string& path, bool keyed, difference& into
) {
    if (was != nullptr && is != nullptr && *was == *is) return;
    if (was == nullptr) return collect(*is, path, keyed, into.changed);
    if (is == nullptr) return collect(*was, path, keyed, into.removed);
    if (was->is_map() && is->is_map()) {
        for (const auto& each : is->entries())
            compare(was->find(each.key), &each.is, path + "/" + escaped(each.key), keyed, into);
        for (const auto& each : was->entries())
            if (is->find(each.key) == nullptr)
                compare(&each.is, nullptr, path + "/" + escaped(each.key), keyed, into);
        return;
    }
    const bool by_item =
        was->is_list() && is->is_list() &&
        (!names_of_items(*was, path, keyed).empty() || !names_of_items(*is, path, keyed).empty());
    if (by_item) return compare_items(*was, *is, path, keyed, into);
    collect(*is, path, keyed, into.changed);
    if (was->is_map() || was->is_list()) collect(*was, path, keyed, into.removed);
    for (const auto& each : into.changed) into.removed.erase(each);
}

difference difference_of(const value& was, const value& is, bool keyed) {
    difference made;
    compare(was.is_null() ? nullptr : &was, &is, {}, keyed, made);
    return made;
}

/// The item that a part such as "k:name=c" or "v:x" means.
std::size_t item_at(const value& list, std::string_view part) {
    const auto equals = part.find('=');
    const auto is_it  = [&](const value& each) {
        if (part.starts_with("v:")) return scalar_text(each) == plain(part.substr(2));
        if (!part.starts_with("k:") || equals == part.npos) return false;
        const auto* const id = each.find(part.substr(2, equals - 2));
        return id != nullptr && scalar_text(*id) == plain(part.substr(equals + 1));
    };
    return static_cast<std::size_t>(
        std::ranges::find_if(list.items(), is_it) - list.items().begin()
    );
}

void take_away(value& from, std::string_view path) {
    auto* at = &from;
    for (path.remove_prefix(1);;) {
        const auto end  = std::min(path.find('/'), path.size());
        const auto part = path.substr(0, end);
        const bool last = end == path.size();
        if (at->is_list()) {
            const auto which = item_at(*at, part);
            if (which == at->items().size()) return;
            if (last) {
                auto left = at->items();
                left.erase(left.begin() + static_cast<std::ptrdiff_t>(which));
                *at = value(std::move(left));
                return;
            }
            at = &at->item(which);
        } else if (last) {
            at->erase(plain(part));
            return;
        } else {
            at = at->find(plain(part));
            if (at == nullptr) return;
        }
        path.remove_prefix(end + 1);
    }
}

/// ".spec.containers[name="c"].image", as kubectl shows it.
std::string shown(std::string_view path) {
    std::string text;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto end    = std::min(path.find('/'), path.size());
        const auto part   = path.substr(0, end);
        const auto equals = part.find('=');
        if (part.starts_with("k:") && equals != part.npos)
            text.append("[")
                .append(part.substr(2, equals - 2))
                .append("=\"")
                .append(plain(part.substr(equals + 1)))
                .append("\"]");
        else if (part.starts_with("v:"))
            text.append("[").append(plain(part.substr(2))).append("]");
        else
            text.append(".").append(plain(part));
        path.remove_prefix(end);
    }
    return text;
}

std::string shown(const field_owners::writer& who) {
    return '"' + who.manager + '"' + (who.status ? " with subresource \"status\"" : "");
}

fields both(const fields& a, const fields& b) {
    fields made;
    std::ranges::set_intersection(a, b, std::inserter(made, made.end()));
    return made;
}

fields without(const fields& a, const fields& b) {
    fields made;
    std::ranges::set_difference(a, b, std::inserter(made, made.end()));
    return made;
}

value merged(const value& is, const value& config, bool keyed) {
    if (keyed) return strategic_merge_patched(is, config);
    auto made = merge_patched(is, config);
    // Metadata is the same in every type.
    const auto* const old = is.find("metadata");
    if (const auto* const given = config.find("metadata"))
        made["metadata"] = strategic_merge_patched(old == nullptr ? value{} : *old, *given);
    return made;
}

}  // namespace

const field_owners::list& field_owners::all() const noexcept {
    static const list none;
    return all_ ? *all_ : none;
}

fields field_owners::of_writer(const writer& who) const {
    for (const auto& [each, theirs] : all())
        if (each == who) return field_sets::unpacked(theirs);
    return {};
}

fields field_owners::of_others(const writer& but) const {
    fields made;
    for (const auto& [who, theirs] : all())
        if (who != but) made.merge(field_sets::unpacked(theirs));
    return made;
}

void field_owners::set(const writer& who, const fields& now) {
    auto       changed = all();
    const auto at      = std::ranges::find(changed, who, &list::value_type::first);
    if (now.empty() && at == changed.end()) return;
    if (now.empty())
        changed.erase(at);
    else if (at == changed.end())
        changed.emplace_back(who, field_sets::packed(now));
    else
        at->second = field_sets::packed(now);
    all_ = changed.empty() ? nullptr : std::make_shared<const list>(std::move(changed));
}

void field_owners::take_from_others(const fields& what, const writer& but) {
    const auto before = all_;
    if (!before) return;
    for (const auto& [who, theirs] : *before) {
        if (who == but) continue;
        const auto had = field_sets::unpacked(theirs);
        if (!both(had, what).empty()) set(who, without(had, what));
    }
}

void field_owners::wrote(const value& was, const value& is, const writer& by, bool keyed) {
    auto found = difference_of(was, is, keyed);
    if (found.changed.empty() && found.removed.empty()) return;
    auto mine = without(of_writer(by), found.removed);
    mine.insert(found.changed.begin(), found.changed.end());
    set(by, mine);
    found.changed.merge(found.removed);
    take_from_others(found.changed, by);
}

result<value> field_owners::apply(
    value is, const value& config, const writer& by, bool force, bool keyed
) {
    fields wanted;
    collect(config, {}, keyed, wanted);
    auto made = merged(is, config, keyed);
    for (const auto& path : without(without(of_writer(by), wanted), of_others(by)))
        take_away(made, path);

    auto        found = difference_of(is, made, keyed);
    std::string taken;
    std::size_t conflicts = 0;
    for (const auto& [who, theirs] : all()) {
        if (who == by) continue;
        for (const auto& path : both(field_sets::unpacked(theirs), found.changed)) {
            ++conflicts;
            taken += (taken.empty() ? "" : ", ") + shown(who) + ": " + shown(path);
        }
    }
    if (conflicts > 0 && !force)
        return failure{
            errc::conflict, "Apply failed with " + std::to_string(conflicts) + " conflict" +
                                (conflicts == 1 ? "" : "s") + ": conflict with " + taken
        };
    found.changed.merge(found.removed);
    take_from_others(found.changed, by);
    set(by, wanted);
    return made;
}

void field_owners::hand_over(const writer& from, const writer& to) {
    auto theirs = of_writer(from);
    if (theirs.empty()) return;
    theirs.erase("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
    auto all_of_it = of_writer(to);
    all_of_it.insert(theirs.begin(), theirs.end());
    set(to, all_of_it);
    set(from, {});
}

void field_owners::share(field_sets& sets) {
    if (all_) all_ = sets.the_same_as(*all_);
}

value field_owners::as_value() const {
    auto made = value::map();
    for (const auto& [who, theirs] : all()) {
        const auto* const how   = who.applies ? "apply" : "write";
        auto              name  = std::string(how) + (who.status ? "-status " : " ") + who.manager;
        auto              paths = value::list();
        for (const auto& each : field_sets::unpacked(theirs)) paths.push_back(each);
        made.add(std::move(name), std::move(paths));
    }
    return made;
}

field_owners field_owners::of(const value& is) {
    field_owners made;
    for (const auto& each : is.entries()) {
        const std::string_view name  = each.key;
        const auto             space = name.find(' ');
        if (space == name.npos) continue;
        const auto   how = name.substr(0, space);
        const writer who{
            .manager = std::string(name.substr(space + 1)),
            .applies = how.starts_with("apply"),
            .status  = how.ends_with("-status"),
        };
        fields theirs;
        for (const auto& path : each.is.items())
            if (path.is_text() && path.text()->starts_with('/')) theirs.insert(*path.text());
        made.set(who, theirs);
    }
    return made;
}

}  // namespace falconer::sandbox

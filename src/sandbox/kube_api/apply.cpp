#include "apply.hpp"

#include "patch.hpp"

#include <algorithm>

namespace falconer::sandbox {
namespace {

/// Names that say which object it is are nobody's.
bool says_which(const std::string& path) {
    return path == "/apiVersion" || path == "/kind" || path == "/metadata/name" ||
           path == "/metadata/namespace";
}

std::string escaped(const std::string& key) {
    std::string text;
    for (const char c : key) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return text;
}

void collect(const value& from, const std::string& path, std::map<std::string, value>& into) {
    for (const auto& each : from.entries()) {
        const auto at = path + "/" + escaped(each.key);
        if (each.is.is_map() && !each.is.entries().empty())
            collect(each.is, at, into);
        else if (!says_which(at))
            into.emplace(at, each.is);
    }
}

}  // namespace

result<value> applied_fields::apply(
    value is, const value& config, const std::string& manager, bool force, bool strategic
) {
    fields wanted;
    collect(config, "", wanted);
    std::string taken;
    for (auto& [other, theirs] : managers_) {
        if (other == manager) continue;
        for (const auto& [path, mine] : wanted) {
            const auto found = theirs.find(path);
            if (found == theirs.end() || found->second == mine) continue;
            if (force)
                theirs.erase(found);
            else
                taken += (taken.empty() ? "" : ", ") + path + " (" + other + ")";
        }
    }
    if (!taken.empty())
        return failure{errc::conflict, "Apply failed, fields have other managers: " + taken};

    auto removals = value::list();
    for (const auto& [path, had] : managers_[manager]) {
        const bool kept = wanted.contains(path) ||
                          std::any_of(managers_.begin(), managers_.end(), [&](const auto& each) {
                              return each.first != manager && each.second.contains(path);
                          });
        if (!kept) removals.push_back({{"op", "remove"}, {"path", path}});
    }
    for (const auto& each : removals.items()) {
        auto one = value::list();
        one.push_back(each);
        if (auto less = json_patched(is, one)) is = std::move(*less);  // or it has gone already
    }
    managers_[manager] = std::move(wanted);
    return strategic ? strategic_merge_patched(std::move(is), config)
                     : merge_patched(std::move(is), config);
}

value applied_fields::as_value() const {
    auto all = value::map();
    for (const auto& [manager, theirs] : managers_) {
        auto& into = all[manager] = value::map();
        for (const auto& [path, is] : theirs) into.add(path, is);
    }
    return all;
}

applied_fields applied_fields::of(const value& is) {
    applied_fields made;
    for (const auto& manager : is.entries())
        for (const auto& field : manager.is.entries())
            made.managers_[manager.key].insert_or_assign(field.key, field.is);
    return made;
}

}  // namespace falconer::sandbox

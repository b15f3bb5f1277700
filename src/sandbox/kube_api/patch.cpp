#include "patch.hpp"

#include "rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

value merge_patched(value is, const value& patch) {
    if (!patch.is_map()) return patch;
    if (!is.is_map()) is = value::map();
    for (const auto& each : patch.entries()) {
        if (each.is.is_null()) {
            is.erase(each.key);
            continue;
        }
        auto& slot = is[each.key];
        slot       = merge_patched(std::move(slot), each.is);
    }
    return is;
}

namespace {

// --- RFC 6902, RFC 6901 ---

using pointer = std::vector<std::string>;

std::optional<pointer> parse_pointer(std::string_view text) {
    pointer parts;
    if (text.empty()) return parts;
    if (text.front() != '/') return {};
    for (std::size_t at = 0; at < text.size();) {
        const auto  end = std::min(text.find('/', at + 1), text.size());
        std::string part;
        for (auto i = at + 1; i < end; ++i) {
            if (text[i] != '~') {
                part += text[i];
                continue;
            }
            ++i;
            if (i >= end || (text[i] != '0' && text[i] != '1')) return {};
            part += text[i] == '0' ? '~' : '/';
        }
        parts.push_back(std::move(part));
        at = end;
    }
    return parts;
}

std::optional<std::size_t> index_in(const std::string& part, std::size_t size) {
    std::size_t at         = 0;
    const auto [end, fail] = std::from_chars(part.data(), part.data() + part.size(), at);
    if (fail != std::errc{} || end != part.data() + part.size() || at >= size) return {};
    return at;
}

value* child_of(value& in, const std::string& part) {
    if (in.is_map()) return in.find(part);
    if (!in.is_list()) return nullptr;
    const auto at = index_in(part, in.items().size());
    return at ? &in.item(*at) : nullptr;
}

value* walk(value& from, const pointer& path, std::size_t depth) {
    auto* at = &from;
    for (std::size_t i = 0; i < depth && at != nullptr; ++i) at = child_of(*at, path[i]);
    return at;
}

bool add_at(value& root, const pointer& path, value what) {
    if (path.empty()) {
        root = std::move(what);
        return true;
    }
    auto* const in = walk(root, path, path.size() - 1);
    if (in == nullptr) return false;
    if (in->is_map()) {
        (*in)[path.back()] = std::move(what);
        return true;
    }
    if (!in->is_list()) return false;
    auto items = in->items();
    auto at    = std::optional(items.size());
    if (path.back() != "-") at = index_in(path.back(), items.size() + 1);
    if (!at) return false;
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(*at), std::move(what));
    *in = value(std::move(items));
    return true;
}

bool remove_at(value& root, const pointer& path) {
    if (path.empty()) return false;
    auto* const in = walk(root, path, path.size() - 1);
    if (in == nullptr) return false;
    if (in->is_map()) return in->erase(path.back());
    auto       items = in->items();
    const auto at    = index_in(path.back(), items.size());
    if (!at) return false;
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(*at));
    *in = value(std::move(items));
    return true;
}

/// Of all copies of a patch together, in bytes of JSON: each of them may double what is there.
/// Source: apiserver, server/config.go, JSONPatchMaxCopyBytes.
constexpr std::size_t most_copied = 3 * 1024 * 1024;

/// Whether what would be made nests no deeper than what can be read: each operation could take it a
/// hundred levels further down.
bool is_shallow(const pointer& path, const value& what) {
    return path.size() + static_cast<std::size_t>(depth_of(what)) <=
           static_cast<std::size_t>(deepest_value);
}

/// Nothing: done. Else what is wrong. `copied`: by the operations before, and this one.
std::optional<failure> carry_out(value& root, const value& operation, std::size_t& copied) {
    const auto what = operation.text_at({"op"});
    const auto path = parse_pointer(operation.text_at({"path"}));
    const auto from = parse_pointer(operation.text_at({"from"}));
    const auto text = std::string(what) + " " + std::string(operation.text_at({"path"}));
    if (operation.find("path") == nullptr)
        return failure{errc::malformed, text + ": path is missing"};
    if (!path || !from) return failure{errc::malformed, text + ": not a JSON pointer"};
    const auto* given = operation.find("value");
    auto        gone  = failure{errc::malformed, text + ": there is no such place"};
    auto        deep =
        failure{errc::malformed, text + ": more than " + std::to_string(deepest_value) + " levels"};
    if (what == "remove") return remove_at(root, *path) ? std::nullopt : std::optional(gone);
    if (what == "add" || what == "replace" || what == "test") {
        if (given == nullptr) return failure{errc::malformed, text + ": value is missing"};
        if (what != "test" && !is_shallow(*path, *given)) return deep;
        if (what == "add") return add_at(root, *path, *given) ? std::nullopt : std::optional(gone);
        auto* const at = walk(root, *path, path->size());
        // As a real server's library has it: a member that is not there may be replaced, too.
        if (at == nullptr && what == "replace" && !path->empty()) {
            const auto* const in = walk(root, *path, path->size() - 1);
            if (in == nullptr || !in->is_map()) return gone;
            return add_at(root, *path, *given) ? std::nullopt : std::optional(gone);
        }
        if (at == nullptr && what == "test" && given->is_null()) return {};
        if (at == nullptr) return gone;
        if (what == "replace")
            *at = *given;
        else if (*at != *given)
            return failure{errc::malformed, text + ": it is another value"};
        return {};
    }
    if (what == "move" || what == "copy") {
        const auto* const source = walk(root, *from, from->size());
        if (source == nullptr) return gone;
        if (!is_shallow(*path, *source)) return deep;
        if (what == "copy") copied += json_text(*source).size();
        if (copied > most_copied)
            return failure{
                errc::malformed,
                "Unable to complete the copy, the accumulated size increase of copy is " +
                    std::to_string(copied) + ", exceeding the limit " + std::to_string(most_copied)
            };
        auto moved = *source;
        if (what == "move") remove_at(root, *from);
        return add_at(root, *path, std::move(moved)) ? std::nullopt : std::optional(gone);
    }
    return failure{errc::malformed, text + ": no such operation"};
}

// --- strategic merge ---

struct merge_key {
    std::string_view field, key;
};
constexpr std::array<merge_key, 13> merge_keys{{
    {"containers", "name"},
    {"initContainers", "name"},
    {"ephemeralContainers", "name"},
    {"volumes", "name"},
    {"env", "name"},
    {"volumeMounts", "mountPath"},
    {"volumeDevices", "devicePath"},
    {"hostAliases", "ip"},
    {"imagePullSecrets", "name"},
    {"secrets", "name"},
    {"conditions", "type"},
    {"ownerReferences", "uid"},
    {"webhooks", "name"},
}};

bool is_directive(std::string_view key) {
    return key.starts_with("$setElementOrder/") || key.starts_with("$retainKeys") ||
           key.starts_with("$deleteFromPrimitiveList/") || key == "$patch";
}

value merged_list(value is, const value& patch, std::string_view key) {
    if (!is.is_list()) is = value::list();
    auto items = is.items();
    for (const auto& each : patch.items()) {
        const auto* const id      = each.find(key);
        const auto        matches = [&](const value& has) {
            const auto* const other = has.find(key);
            return id != nullptr && other != nullptr && *id == *other;
        };
        const auto at = std::find_if(items.begin(), items.end(), matches);
        if (each.text_at({"$patch"}) == "delete") {
            if (at != items.end()) items.erase(at);
        } else if (at != items.end()) {
            *at = strategic_merge_patched(std::move(*at), each);
        } else {
            items.push_back(strategic_merge_patched({}, each));
        }
    }
    return {std::move(items)};
}

value united(value is, const value& with) {
    if (!is.is_list()) is = value::list();
    for (const auto& each : with.items()) {
        const auto& has = is.items();
        if (std::find(has.begin(), has.end(), each) == has.end()) is.push_back(each);
    }
    return is;
}

value without(const value& is, const value& those) {
    auto left = is.items();
    for (const auto& each : those.items())
        left.erase(std::remove(left.begin(), left.end(), each), left.end());
    return {std::move(left)};
}

void take_over(value& is, const value::entry& from) {
    auto& slot = is[from.key];
    if (!from.is.is_list()) {
        slot = strategic_merge_patched(std::move(slot), from.is);
        return;
    }
    const auto key = merge_key_of(from.key, from.is.items());
    if (!key.empty())
        slot = merged_list(std::move(slot), from.is, key);
    else if (from.key == "finalizers")
        slot = united(std::move(slot), from.is);
    else
        slot = from.is;
}

}  // namespace

std::string_view merge_key_of(std::string_view field, const value::list_type& items) {
    for (const auto& each : merge_keys)
        if (each.field == field) return each.key;
    if (field == "ports" && !items.empty())
        return items.front().find("containerPort") != nullptr ? "containerPort" : "port";
    return {};
}

result<value> json_patched(value is, const value& patch) {
    if (!patch.is_list()) return failure{errc::malformed, "a JSON patch is a list of operations"};
    // Source: apiserver, endpoints/handlers/patch.go, maxJSONPatchOperations.
    constexpr std::size_t most = 10'000;
    if (patch.items().size() > most)
        return failure{
            errc::too_large,
            "Request entity too large: The allowed maximum operations in a JSON patch is " +
                std::to_string(most) + ", got " + std::to_string(patch.items().size())
        };
    std::size_t copied = 0;
    for (const auto& each : patch.items())
        if (auto wrong = carry_out(is, each, copied)) return std::move(*wrong);
    return is;
}

value strategic_merge_patched(value is, const value& patch) {
    if (!patch.is_map()) return patch;
    if (!is.is_map() || patch.text_at({"$patch"}) == "replace") is = value::map();
    constexpr std::string_view drop = "$deleteFromPrimitiveList/";
    for (const auto& each : patch.entries()) {
        if (each.key.starts_with(drop)) {
            auto& slot = is[std::string_view(each.key).substr(drop.size())];
            slot       = without(slot, each.is);
        } else if (is_directive(each.key)) {
            continue;
        } else if (each.is.is_null()) {
            is.erase(each.key);
        } else {
            take_over(is, each);
        }
    }
    return is;
}

}  // namespace falconer::sandbox

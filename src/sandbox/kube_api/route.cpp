#include "route.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace falconer::sandbox {
namespace {

std::optional<std::string> decoded(std::string_view text, char space) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            plain += text[at] == '+' ? space : text[at];
            continue;
        }
        unsigned   byte        = 0;
        const auto hex         = text.substr(at + 1, 2);
        const auto [end, fail] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
        if (fail != std::errc{} || end != hex.data() + 2) return {};
        plain += static_cast<char>(byte);
        at    += 2;
    }
    return plain;
}

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(at), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

bool read_query(std::string_view text, api_route& into) {
    for (const auto pair : split(text, '&')) {
        const auto equals = std::min(pair.find('='), pair.size());
        auto       key    = decoded(pair.substr(0, equals), ' ');
        auto       given  = decoded(pair.substr(std::min(equals + 1, pair.size())), ' ');
        if (!key || !given) return false;
        into.query.insert_or_assign(std::move(*key), std::move(*given));
    }
    return true;
}

/// What stands behind the version: [namespaces/<ns>/]<plural>[/<name>[/<part>]].
bool read_objects(std::vector<std::string> parts, api_route& into) {
    into.kind = api_route::what::objects;
    // /namespaces/<name> and its parts are the namespace itself.
    const bool within = parts.size() > 2 && parts[0] == "namespaces" && parts[2] != "status" &&
                        parts[2] != "finalize";
    if (within) {
        into.namespace_name = std::move(parts[1]);
        parts.erase(parts.begin(), parts.begin() + 2);
    }
    if (parts.empty()) return false;
    into.plural = std::move(parts[0]);
    if (parts.size() > 1) into.name = std::move(parts[1]);
    if (parts.size() > 2) into.part = std::move(parts[2]);
    for (std::size_t i = 3; i < parts.size(); ++i) into.part += '/' + parts[i];
    return true;
}

}  // namespace

std::string_view api_route::asked(std::string_view parameter) const {
    const auto found = query.find(parameter);
    return found == query.end() ? std::string_view{} : found->second;
}

bool api_route::is_asked(std::string_view parameter) const {
    const auto found = query.find(parameter);
    if (found == query.end() || found->second == "0") return false;
    constexpr std::string_view no = "false";
    return !std::ranges::equal(found->second, no, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
}

result<api_route> parse_route(std::string_view target) {
    api_route  made;
    const auto mark  = std::min(target.find('?'), target.size());
    made.path        = target.substr(0, mark);
    const auto wrong = failure{errc::malformed, "the request's target cannot be read"};
    if (mark < target.size() && !read_query(target.substr(mark + 1), made)) return wrong;

    std::vector<std::string> parts;
    for (const auto each : split(made.path, '/')) {
        auto part = decoded(each, '+');
        if (!part) return wrong;
        parts.push_back(std::move(*part));
    }
    std::size_t used = 0;
    if (parts.size() > 2 && parts[0] == "api") {
        made.version = parts[1];
        used         = 2;
    } else if (parts.size() > 3 && parts[0] == "apis") {
        made.group   = parts[1];
        made.version = parts[2];
        used         = 3;
    } else {
        return made;
    }
    parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(used));
    if (!read_objects(std::move(parts), made)) return wrong;
    return made;
}

}  // namespace falconer::sandbox

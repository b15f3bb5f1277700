#include "kube_names.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

constexpr std::size_t longest_label = 63, longest_subdomain = 253;

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

/// Letters and digits at both ends; between them dashes, underscores and dots, too.
bool is_qualified(std::string_view name) {
    return !name.empty() && name.size() <= longest_label && is_alphanumeric(name.front()) &&
           is_alphanumeric(name.back()) && std::ranges::all_of(name, [](char c) {
               return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
           });
}

}  // namespace

bool is_dns_label(std::string_view name) noexcept {
    if (name.empty() || name.size() > longest_label) return false;
    if (name.front() == '-' || name.back() == '-') return false;
    return std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view name) noexcept {
    if (name.size() > longest_subdomain) return false;
    for (;;) {
        const auto dot = std::min(name.find('.'), name.size());
        if (!is_dns_label(name.substr(0, dot))) return false;
        if (dot == name.size()) return true;
        name.remove_prefix(dot + 1);
    }
}

bool is_label_key(std::string_view key) noexcept {
    const auto slash = key.find('/');
    if (slash == key.npos) return is_qualified(key);
    return is_dns_subdomain(key.substr(0, slash)) && is_qualified(key.substr(slash + 1));
}

bool is_label_value(std::string_view text) noexcept {
    return text.empty() || is_qualified(text);
}

bool is_data_key(std::string_view key) noexcept {
    return !key.empty() && key.size() <= longest_subdomain && key != "." &&
           !key.starts_with("..") && std::ranges::all_of(key, [](char c) {
               return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
           });
}

}  // namespace falconer::falco

#include "jwt_parts.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace falconer::net {

using std::chrono::seconds;

std::optional<jwt_parts> split_jwt(std::string_view token) {
    const auto first = token.find('.');
    const auto last  = token.rfind('.');
    if (first == std::string_view::npos || first == last) return std::nullopt;
    const auto middle = token.substr(first + 1, last - first - 1);
    if (middle.find('.') != std::string_view::npos) return std::nullopt;
    return jwt_parts{token.substr(0, first), middle, token.substr(last + 1), token.substr(0, last)};
}

std::optional<utc_time> date_at(const json_leaves& all, std::string_view path) {
    const auto found = all.find(path);
    if (found == all.end() || found->second.what != json_leaf::kind::number) return std::nullopt;
    const auto& text        = found->second.value;
    double      value       = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (wrong != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    // system_clock's nanoseconds end in 2262; what is later is as good as never.
    if (!(value >= 0) || value > 253'402'300'799.0) return std::nullopt;
    return utc_time{seconds{static_cast<std::int64_t>(std::floor(std::min(value, 9'000'000'000.0)))}
    };
}

bool date_or_absent(const json_leaves& all, std::string_view path, std::optional<utc_time>& into) {
    into = date_at(all, path);
    return into || all.find(path) == all.end();
}

bool is_for(const json_leaves& claims, std::string_view audience) {
    if (text_at(claims, "aud") == audience) return true;
    for (auto at = claims.lower_bound("aud["); at != claims.end() && at->first.starts_with("aud[");
         ++at)
        if (at->second.what == json_leaf::kind::text && at->second.value == audience) return true;
    return false;
}

const public_key* key_that_signed(
    const jwt_parts& token, const json_leaves& header, std::string_view signature,
    std::span<const public_key> keys
) {
    const auto kid   = text_at(header, "kid");
    const auto named = [&](const public_key& key) {
        return kid && (key.kid() == *kid || key.thumbprint() == *kid);
    };
    const bool known = std::ranges::any_of(keys, named);
    for (const auto& key : keys) {
        if (known && !named(key)) continue;
        if (key.verifies(token.signed_part, signature)) return &key;
    }
    return nullptr;
}

}  // namespace falconer::net

// The envelope of a signed JWT, and the claims that all of them have.
#pragma once

#include "falconer/net/token_keys.hpp"
#include "falconer/time_source.hpp"
#include "json_leaves.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace falconer::net {

struct jwt_parts {
    std::string_view header{}, claims{}, signature{}, signed_part{};
};
/// Three parts with dots between. Source: RFC 7515 §3.1
std::optional<jwt_parts> split_jwt(std::string_view token);

/// A NumericDate: seconds since 1970, perhaps with a fraction, of the years up to 9999.
/// Source: RFC 7519 §2
std::optional<utc_time> date_at(const json_leaves& all, std::string_view path);
/// A claim that is there must be a date.
bool date_or_absent(const json_leaves& all, std::string_view path, std::optional<utc_time>& into);
/// One audience, or a list of them. Source: RFC 7519 §4.1.3
bool is_for(const json_leaves& claims, std::string_view audience);

/// The keys worth trying: the one the token names, if we have it; otherwise all. Null: none signed.
const public_key* key_that_signed(
    const jwt_parts& token, const json_leaves& header, std::string_view signature,
    std::span<const public_key> keys
);

}  // namespace falconer::net

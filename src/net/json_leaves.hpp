// A small JSON document as a list of its values, each with the path that leads to it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::net {

struct json_leaf {
    enum class kind : std::uint8_t { text, number, other };  // other: true, false, null, [, {
    kind        what = kind::other;
    std::string value{};  // a number as it is written
};

/// "aud", "aud[0]", "gardener-falco.cluster-identity". A dot, bracket or backslash within a key has
/// a backslash before it. Objects and arrays are there themselves, before what they hold.
using json_leaves = std::map<std::string, json_leaf, std::less<>>;

/// Nothing, unless it is one JSON object, in UTF-8, at most 8 deep, with at most 10,000 values, and
/// no key twice in one object.
std::optional<json_leaves> read_json_leaves(std::string_view text);

/// The text at that path, if there is one and it is a text.
std::optional<std::string_view> text_at(const json_leaves& all, std::string_view path);

}  // namespace falconer::net

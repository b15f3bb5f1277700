// Which operators a field's type knows, and what its values look like.
#pragma once

#include "field_table.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco::rules {

/// What a field is behind its transformers, from the innermost on.
struct compared_type {
    field_type type = field_type::any;
    bool       list = false;
};

/// Nothing: this transformer cannot be used on that. Source: falcosecurity/libs,
/// userspace/libsinsp/sinsp_filter_transformers.
std::optional<compared_type> transformed(std::string_view transformer, const compared_type& of);

/// Source: falcosecurity/libs, userspace/libsinsp/filter_compare.cpp.
bool knows_comparison(const compared_type& is, std::string_view comparison);
/// The ones that it knows, "=, !=, in, …".
std::string comparisons_of(const compared_type& is);

/// Why the text is no value of that type, "is no whole number"; nothing: it is one.
std::optional<std::string> not_of_type(field_type is, std::string_view value);

}  // namespace falconer::falco::rules

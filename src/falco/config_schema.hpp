// JSON schemas of plug-ins' configurations, and what fits them. Source: https://json-schema.org,
// validation vocabulary of 2020-12; of it what such schemas use and a person can read.
#pragma once

#include "falconer/field_reader.hpp"
#include "falconer/value.hpp"

#include <string>

namespace falconer::falco {

/// What of a schema cannot be held against anything: no word of it is silently unchecked.
/// Understood are type, enum, const, properties, required, additionalProperties, items, minItems,
/// maxItems, minimum, maximum, minLength, maxLength, pattern; title, description, default,
/// examples, $schema, $id and $comment say nothing to us. References ($ref) are to be written out.
void check_schema(const value& schema, const std::string& path, field_problems& problems);

/// What of `is` does not fit a schema that check_schema has nothing against. Lengths count bytes;
/// patterns are RE2's, and found anywhere in a text.
void check_against(
    const value& schema, const value& is, const std::string& path, field_problems& problems
);

}  // namespace falconer::falco

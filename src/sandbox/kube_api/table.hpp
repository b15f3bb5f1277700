// Objects as `kubectl get` prints them. Source: meta.k8s.io/v1, Table.
#pragma once

#include "falconer/time_source.hpp"
#include "falconer/value.hpp"
#include "types.hpp"

#include <string>
#include <vector>

namespace falconer::sandbox {

/// `whole`: rows hold the whole object, not only its metadata (includeObject=Object).
value as_table(
    const api_type& type, const std::vector<const value*>& objects, utc_time now, bool whole
);

/// What stands at ".status.conditions[?(@.type==\"Ready\")].status"; nothing is an empty text.
std::string text_at_path(const value& object, std::string_view path);

}  // namespace falconer::sandbox

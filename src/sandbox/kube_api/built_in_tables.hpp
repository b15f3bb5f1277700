// What `kubectl get` shows of built-in types: each has columns of its own.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/time_source.hpp"
#include "falconer/value.hpp"
#include "types.hpp"

#include <string_view>
#include <vector>

namespace falconer::sandbox {

struct built_in_table {
    std::string_view        group{}, plural{};
    std::vector<api_column> columns{};  // without paths; what is wide has a priority
    value (*cells)(const value& object, utc_time now) = nullptr;  // a list, one for each column
};

/// Null: it has a name and an age. Source: kubernetes, pkg/printers/internalversion/printers.go.
const built_in_table* table_of(const kube_type& type);

}  // namespace falconer::sandbox

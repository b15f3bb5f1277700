// What a list or a watch may be asked for.
#pragma once

#include "falconer/result.hpp"
#include "route.hpp"
#include "types.hpp"

namespace falconer::sandbox {

/// Whether the query can be meant. Errors: broken, malformed.
/// Source: apimachinery, apis/meta/internalversion, conversion and validation of ListOptions; the
/// fields that may be selected: pkg/apis/*/v1/conversion.go of kubernetes/kubernetes.
result<void> check_list_options(const api_type& type, const api_route& route);

}  // namespace falconer::sandbox

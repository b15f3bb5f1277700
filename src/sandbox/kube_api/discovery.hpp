// What an API server says that it serves: plain, and all at once as newer clients ask for it.
#pragma once

#include "falconer/value.hpp"
#include "types.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

/// The versions of each group, the best one first: v1, v2beta1, v1beta1, v1alpha1. Source:
/// apimachinery, pkg/version, CompareKubeAwareVersionStrings.
std::map<std::string, std::vector<std::string>> groups_of(const api_types& types);

/// Whether `version` of a group is served; of an empty one: any.
bool serves(const api_types& types, std::string_view group, std::string_view version);

/// APIResourceList, APIGroupList, APIGroup.
value resource_list(const api_types& types, std::string_view group, std::string_view version);
value group_list(const api_types& types);
value group_document(const api_types& types, const std::string& group);

/// Which version of it a client that sends `accept` wants of APIGroupDiscoveryList; empty: none.
std::string_view wants_discovery(std::string_view accept);
/// `core`: of /api, else of /apis. Source: k8s.io/api, apidiscovery/v2.
value group_discovery(const api_types& types, std::string_view version, bool core);

}  // namespace falconer::sandbox

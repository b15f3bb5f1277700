// Where requests cannot go: places that nobody serves, and those that only a real cluster does.
#pragma once

#include "falconer/net/http_message.hpp"
#include "route.hpp"
#include "types.hpp"

#include <optional>
#include <string_view>

namespace falconer::sandbox {

bool has_built_in(const api_types& types, std::string_view group);

/// Where nobody can ask so. Custom types are routed by another part of a real server. Source:
/// apiserver, endpoints/installer.go; apiextensions-apiserver, customresource_handler.go.
std::optional<net::http_response> misplaced(
    const api_type& type, const api_route& route, std::string_view method
);

/// Parts of objects for which a cluster with nodes or controllers would be needed: a sentence that
/// says so.
std::optional<net::http_response> not_played(const api_type& type, const api_route& route);

}  // namespace falconer::sandbox

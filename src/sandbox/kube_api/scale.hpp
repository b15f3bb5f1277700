// The part `scale` of objects that have replicas: how many there are to be, whatever the kind.
// Source: kubernetes, registry/apps/*/storage (ScaleREST); apiextensions-apiserver,
// registry/customresource.
#pragma once

#include "falconer/net/http_message.hpp"
#include "falconer/time_source.hpp"
#include "route.hpp"
#include "store.hpp"

namespace falconer::sandbox {

/// What a GET, a PUT or a PATCH of it gets. `table`: as kubectl prints it. Nobody's webhooks are
/// asked, and no apply patch is taken: it is no object of its own here.
net::http_response scaling(
    api_store& store, const api_type& type, const api_route& route,
    const net::http_request& request, utc_time now, bool table
);

/// What a CRD says of it in a version, so that it cannot be served. `at`: where that stands.
std::vector<std::string> scale_violations(const value& version, const std::string& at);

}  // namespace falconer::sandbox

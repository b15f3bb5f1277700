// What is asked of an API server, as HTTP requests; no I/O.
#pragma once

#include "falconer/net/http_message.hpp"
#include "falconer/ports/kube_api.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace falconer::k8s {

/// A Kubernetes API's verbs as requests, without Host and Authorization.
///
/// Errors: malformed, when a group, version, plural, namespace or name cannot be one, before
/// anything is sent; names are escaped besides.
/// Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
result<net::http_request> get_request(const kube_type& type, const kube_key& key);
result<net::http_request> list_request(
    const kube_type& type, const kube_selection& which, const kube_page_request& page
);
/// From just after `resource_version`, for as long as `limit`, with bookmarks.
result<net::http_request> watch_request(
    const kube_type& type, const kube_selection& which, std::string_view resource_version,
    std::chrono::seconds limit
);
result<net::http_request> create_request(
    const kube_type& type, const kube_key& key, const value& object, const kube_write& how
);
result<net::http_request> update_request(
    const kube_type& type, const kube_key& key, const value& object, const kube_write& how
);
result<net::http_request> merge_patch_request(
    const kube_type& type, const kube_key& key, const value& object, const kube_write& how
);
result<net::http_request> apply_request(
    const kube_type& type, const kube_key& key, const value& object, const kube_apply& how
);
result<net::http_request> remove_request(
    const kube_type& type, const kube_key& key, const kube_removal& how
);

/// "Secret shoot--p--n/token", for sentences.
std::string name_of(const kube_type& type, const kube_key& key);

}  // namespace falconer::k8s

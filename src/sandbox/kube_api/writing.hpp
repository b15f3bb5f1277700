// One write, from its request to what a store makes of it.
#pragma once

#include "admission.hpp"
#include "falconer/net/http_message.hpp"
#include "route.hpp"
#include "store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::sandbox {

/// JSON; an apply patch may be YAML, too. `typed`: of a type that a real server has compiled in,
/// where null is an object without any field. Errors: broken.
result<value> body_of(const net::http_request& request, bool typed);

/// Nothing: an apply patch, or no patch at all.
std::optional<api_patch_kind> patch_kind_of(const net::http_request& request);
/// Whose fields those are that are written. Source: apiserver, endpoints/handlers/create.go,
/// managerOrUserAgent.
std::string manager_of(const api_route& route, const net::http_request& request);

struct write_options {
    bool         dry_run = false;
    kube_removal removal{};
};
/// A deletion's options come in its body, as kubectl sends them; those of other writes in the
/// query. Source: apimachinery, apis/meta/v1, DeleteOptions and its validation.
/// Errors: malformed, broken.
result<write_options> options_of(const api_route& route, const net::http_request& request);

/// Whether a patch's Content-Type is one for such objects.
bool can_be_patched_so(const api_type& type, const net::http_request& request);

/// A write that webhooks want to see is done twice.
enum class stage : std::uint8_t { only, rehearsal, admitted };

api_write write_of(
    const api_store& store, const api_type& type, const api_route& route,
    const net::http_request& request, const write_options& options
);

/// Does it, or says what would come of it; `warnings`: which fields nobody knows. At stage admitted
/// it is `what.object` that is written.
result<value> written(
    api_store& store, const api_write& what, const api_route& route,
    const net::http_request& request, const write_options& options, stage at,
    std::vector<std::string>& warnings
);

}  // namespace falconer::sandbox

// Admission webhooks, called over HTTPS as an API server calls them.
// Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers
#pragma once

#include "falconer/net/http_client.hpp"
#include "falconer/task.hpp"
#include "store.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace falconer::sandbox {

/// A write as a webhook sees it.
struct api_write {
    api_type    type{};
    kube_key    key{};
    std::string operation{};  // "CREATE", "UPDATE", "DELETE"
    std::string part{};       // "status"; empty: the object itself
    bool        dry_run = false;
    value       object{};  // null: it is deleted
    value       old{};     // null: it is created
};

struct api_admitted {
    value                    object{};
    std::vector<std::string> warnings{};       // for whoever writes
    bool                     created = false;  // it was not there before
};

/// Not played: services (there is no cluster network here), matchConditions, reinvocation, and
/// rules that match another version of the same type.
class api_admission {
public:
    api_admission(asio::any_io_executor loop, time_source& time) : loop_(loop), time_(time) {}

    /// Whether the rules of a webhook that is registered in `store` name such a write.
    static bool concerns(const api_store& store, const api_write& what);

    /// What the mutating webhooks make of the object, if the validating ones then have nothing
    /// against it.
    ///
    /// Errors : what a webhook that refuses says, `denied` unless its status code means another
    /// one; where a webhook with failurePolicy Fail gives no usable answer, an error of no code of
    /// ours (HTTP 500)
    task<result<api_admitted>> review(const api_store& store, api_write what);

private:
    task<result<value>>                       ask(const value& webhook, const api_write& what);
    result<std::shared_ptr<net::http_client>> client_for(
        std::string ca, std::chrono::seconds timeout
    );

    using trust = std::pair<std::string, std::chrono::seconds>;

    asio::any_io_executor                              loop_;
    time_source&                                       time_;
    std::map<trust, std::shared_ptr<net::http_client>> clients_{};
};

}  // namespace falconer::sandbox

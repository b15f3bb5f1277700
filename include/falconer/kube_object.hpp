// Objects of a Kubernetes API, as whoever asks for them sees them.
#pragma once

#include "falconer/value.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace falconer {

/// Where objects of one kind are served: `{.group = "apps", .version = "v1", .kind = "Deployment",
/// .plural = "deployments"}`. The group of Pods, Secrets and the like is empty.
struct kube_type {
    std::string group{};
    std::string version = "v1";
    std::string kind{};
    std::string plural{};
    bool        namespaced = true;

    std::string api_version() const { return group.empty() ? version : group + "/" + version; }

    friend auto operator<=>(const kube_type&, const kube_type&) = default;
};

/// Which one of its kind. A cluster's own object has no namespace.
struct kube_key {
    std::string namespace_name{};
    std::string name{};

    std::string text() const { return namespace_name.empty() ? name : namespace_name + "/" + name; }

    friend auto operator<=>(const kube_key&, const kube_key&) = default;
};

inline kube_key key_of(const value& object) {
    return {
        std::string(object.text_at({"metadata", "namespace"})),
        std::string(object.text_at({"metadata", "name"}))
    };
}
/// Opaque: compared for equality, handed back, nothing else.
inline std::string_view resource_version_of(const value& object) {
    return object.text_at({"metadata", "resourceVersion"});
}

struct kube_page {
    std::vector<value> items{};             // without apiVersion and kind, as the server sends them
    std::string        resource_version{};  // of the collection
    std::string        next{};              // continues after these; empty: this was the end
};

/// What a watch tells. Between init_begin and init_done come all objects that there are, as
/// init_applied; whatever was known before and is not among them is gone. The same happens again
/// whenever the thread was lost, so an object's end may be heard of only this way: clean up with
/// finalizers, never on `deleted` alone. Source: the model of kube-rs, kube_runtime::watcher.
struct kube_event {
    enum class what : std::uint8_t { init_begin, init_applied, init_done, applied, deleted };

    what  kind = what::init_begin;
    value object{};  // of applied, init_applied and deleted
};

}  // namespace falconer

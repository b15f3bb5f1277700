// ManagedResources: how objects are handed to Gardener's resource manager. Source:
// gardener/gardener, pkg/apis/resources/v1alpha1, pkg/utils/managedresources,
// docs/concepts/resource-manager.md.
#pragma once

#include "falconer/falco/cluster_facts.hpp"
#include "falconer/falco/compressed_parts.hpp"
#include "falconer/kube_object.hpp"
#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// Which one, and for whom. The names are those of the Go extension, whose objects are taken over.
struct managed_resource_name {
    std::string                                      name{}, namespace_name{};
    std::string                                      secret_prefix{};   // of its Secrets' names
    std::string                                      resource_class{};  // "seed"; empty: a shoot's
    std::vector<std::pair<std::string, std::string>> labels{};
    std::vector<std::pair<std::string, std::string>> annotations{};      // notes of our own
    std::vector<std::pair<std::string, std::string>> injected_labels{};  // on every object within
};
/// For what goes to the cluster that Falco watches.
managed_resource_name target_resource(const cluster_facts& cluster);
/// For what goes beside a shoot's control plane.
managed_resource_name seed_resource(const cluster_facts& cluster);

/// On Secrets that may go when nothing refers to them. Source: gardener/gardener,
/// pkg/resourcemanager/controller/garbagecollector/references.
inline constexpr std::string_view collectable_label =
    "resources.gardener.cloud/garbage-collectable-reference";

/// Objects in the text of one Secret, which is named after it. Not yet compressed: most of the time
/// the Secret is there already.
struct object_bundle {
    std::string secret{};
    std::string text{};
    /// One large object, no Secret itself, that other clusters have word for word: the whole
    /// SHA-256 of its text, in hex. Empty: not worth sharing.
    std::string shared_as{};
};
/// Large objects, such as rules, each by itself; of the rest as few as the size of a Secret allows.
/// The same objects give the same bundles.
std::vector<object_bundle> bundle(
    const managed_resource_name& of, const std::vector<value>& objects
);

/// Whether a Secret of this name was made by bundle(), or by Gardener's library in the same way.
bool is_content_addressed(const managed_resource_name& of, std::string_view secret) noexcept;

/// The Secret, compressed, immutable, and marked for the collection of garbage. Errors: too_large,
/// when one object alone does not fit.
result<value> secret_of(const managed_resource_name& of, const object_bundle& one);
/// The same; what is shared is compressed only if `parts` does not have it yet.
result<value> secret_of(
    const managed_resource_name& of, const object_bundle& one, compressed_parts& parts
);

/// Whether a Secret that stands there under the bundle's name holds just what the bundle does,
/// however it was compressed. Its name only says what should be in it.
bool holds(const value& secret, const object_bundle& one);

/// The ManagedResource. `was`: as it stands there, with foreign labels and annotations; null: it
/// does not. Equal to `was` if nothing is to be done.
value managed_resource(
    const managed_resource_name& of, const std::vector<object_bundle>& bundles, const value& was
);

/// Names of the Secrets that it refers to.
std::vector<std::string> secrets_of(const value& managed_resource);

/// A number that differs when it refers to other Secrets, and so to other objects: their names are
/// their contents'. The same only within one process.
std::size_t content_of(const value& managed_resource);

/// The objects in the data of such a Secret. Errors: malformed.
result<std::vector<value>> objects_in(const value& secret);

/// How it is with it. Source: pkg/utils/kubernetes/health/managedresource.go.
struct managed_resource_state {
    bool        applied = false, healthy = false;  // and of its present generation
    bool        progressing = false;
    std::string reason{}, message{};  // of the condition that is not as it should be
    std::size_t content = 0;          // content_of() it
};
managed_resource_state state_of(const value& managed_resource);

inline const kube_type managed_resources{
    .group   = "resources.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "ManagedResource",
    .plural  = "managedresources"
};

}  // namespace falconer::falco

// A small stand-in for Gardener's resource manager: applies ManagedResources and says so.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/task.hpp"
#include "falconer/time_source.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace falconer::sandbox {

class api_store;

/// Does what contract §2.3–2.5 says that somebody can see from outside: applies documents in their
/// order, deletes what no longer is among them, keeps the finalizer until all is gone, reports
/// conditions. DaemonSets and Deployments are ready at once. Not played: merging with foreign
/// fields, health of anything else, the collection of garbage.
class resource_manager {
public:
    /// The cluster that a control plane's namespace belongs to; null: it is away.
    using clusters = std::function<api_store*(const std::string& control_plane)>;

    resource_manager(time_source& time, api_store& seed, clusters targets)
        : time_(time), seed_(seed), targets_(std::move(targets)) {}

    task<void> run();
    /// Looks at all of them once.
    void look();

private:
    void        look_at(const value& resource);
    void        end(const value& resource, api_store* target);
    std::string apply(const value& resource, api_store& target, value& listed);
    void        play_workload(const kube_type& type, const kube_key& key, api_store& target);
    void        drop_others(const value& before, const value& listed, api_store& target);
    void        tell(const value& resource, const std::string& wrong, value listed);

    time_source& time_;
    api_store&   seed_;
    clusters     targets_;
};

}  // namespace falconer::sandbox

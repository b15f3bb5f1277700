// A look at a Kubernetes cluster: whether it answers, who we are to it, and what we may do there.
#pragma once

#include "controller_role.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/time_source.hpp"
#include "k8s/kubeconfig.hpp"

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::app {

struct cluster_right {
    std::string_view verb{}, group{}, resource{};  // "extensions/status": a part of it
    std::string      namespace_name{};             // empty: everywhere
    std::string      name{};                       // empty: whatever it is called
};

/// What each role needs in a cluster. Source: the charts' rbac.yaml, which the tests of the peers
/// hold against what is asked for. Those of the controller depend on whom it looks after.
std::vector<cluster_right> rights_of_controller_in_seed(const controller_configuration& how);
std::vector<cluster_right> rights_of_controller_in_garden();
std::vector<cluster_right> rights_of_admission_in_garden();

struct cluster_findings {
    std::string              version{}, who{};  // "" where the cluster does not tell
    std::chrono::seconds     clock_apart{0};    // as kube_client_options::skewed has it
    std::vector<std::string> missing{};         // "patch extensions.extensions.gardener.cloud"
};

/// Errors: those of asking, with the cluster and the cause in one sentence.
task<result<cluster_findings>> check_cluster(
    asio::any_io_executor loop, time_source& time, k8s::kube_access access,
    std::span<const cluster_right> needed
);

}  // namespace falconer::app

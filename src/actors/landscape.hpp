// What all shoots of a seed share: what the operator decided, what is offered, what Gardener tells.
#pragma once

#include "falconer/falco/cluster_facts.hpp"
#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/managed_resource.hpp"
#include "falconer/falco/operator_settings.hpp"
#include "falconer/falco/rule_files.hpp"
#include "falconer/value.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace falconer::actors {

/// Changed by watches, read by rounds. What a round borrows over a wait it holds by its pointer.
struct landscape {
    falco::operator_settings                     settings{};
    std::set<falco::extension_class>             classes{falco::extension_class::shoot};
    std::shared_ptr<const falco::releases>       offered{};  // null: not known (yet)
    std::shared_ptr<const falco::rule_catalogue> rules = std::make_shared<falco::rule_catalogue>();
    /// Whatever is delivered to many, compressed. No fact: it only saves work.
    std::shared_ptr<falco::compressed_parts> parts = std::make_shared<falco::compressed_parts>();
    /// By namespace: its Cluster, reduced.
    std::map<std::string, std::shared_ptr<const value>> clusters{};
    std::set<std::string>                               shoot_namespaces{};
    /// By a cluster's identity: where its Extension is. Of one namespace there may be two, of the
    /// seed and of the garden.
    struct control_plane {
        std::string            namespace_name{};
        falco::extension_class is = falco::extension_class::shoot;
    };
    std::map<std::string, control_plane> control_planes{};
    /// What the resource manager says of our ManagedResources, once all have been told.
    std::map<kube_key, falco::managed_resource_state> deliveries{};
    bool                                              deliveries_known = false;
    /// The Seed that we are on; null: not known (yet).
    std::shared_ptr<const value> seed{};
    /// The Garden that runs here, of class garden only; null: not known (yet).
    std::shared_ptr<const value> garden{};

    /// What watches have told, before others begin.
    void forget_told() {
        offered.reset();
        clusters.clear();
        shoot_namespaces.clear();
        control_planes.clear();
        deliveries.clear();
        deliveries_known = false;
        seed.reset();
        garden.reset();
    }
};

}  // namespace falconer::actors

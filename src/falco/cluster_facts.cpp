#include "falconer/falco/cluster_facts.hpp"

#include "cluster_resources.hpp"
#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <array>

namespace falconer::falco {
namespace {

constexpr std::array classes{"shoot", "seed", "garden"};

bool is_true(const value& in, std::initializer_list<std::string_view> path) {
    const auto* found = in.find_path(path);
    return found != nullptr && found->boolean().value_or(false);
}

bool prefers_ipv6(const value* families) {
    return families != nullptr && !families->items().empty() &&
           families->items()[0] == value("IPv6");
}

void read_shoot(const value& cluster, cluster_facts& into, field_problems& problems) {
    const auto* shoot = cluster.find_path({"spec", "shoot"});
    if (shoot == nullptr || !shoot->is_map()) {
        problems.push_back({"cluster.spec.shoot", "is needed", cluster.line()});
        return;
    }
    into.name         = shoot->text_at({"metadata", "name"});
    into.identity     = shoot->text_at({"status", "clusterIdentity"});
    into.technical_id = shoot->text_at({"status", "technicalID"});
    into.resources    = resources_of(*shoot);
    into.hibernated   = is_true(*shoot, {"spec", "hibernation", "enabled"}) &&
                      is_true(*shoot, {"status", "isHibernated"});
    into.ipv6          = prefers_ipv6(shoot->find_path({"spec", "networking", "ipFamilies"}));
    const auto rotated = parse_rfc3339(shoot->text_at(
        {"status", "credentials", "rotation", "certificateAuthorities", "lastInitiationTime"}
    ));
    if (const auto* time = std::get_if<event_time>(&rotated)) into.authorities_rotated = *time;
    into.ingress_domain = cluster.text_at({"spec", "seed", "spec", "ingress", "domain"});
    if (into.technical_id.empty()) into.technical_id = into.control_plane;
    if (into.identity.empty())
        problems.push_back(
            {"cluster.spec.shoot.status.clusterIdentity",
             "is needed: nobody could tell whose the "
             "events are",
             shoot->line()}
        );
}

void read_seed(const value& cluster, cluster_facts& into, field_problems& problems) {
    const auto* wrapped = cluster.find_path({"spec", "seed"});
    const auto& seed    = wrapped != nullptr && wrapped->is_map() ? *wrapped : cluster;
    into.name           = seed.text_at({"metadata", "name"});
    into.identity       = seed.text_at({"status", "clusterIdentity"});
    into.resources      = resources_of(seed);
    into.ingress_domain = seed.text_at({"spec", "ingress", "domain"});
    into.ipv6           = prefers_ipv6(seed.find_path({"spec", "networks", "ipFamilies"}));
    if (into.identity.empty())
        problems.push_back(
            {"seed.status.clusterIdentity", "is needed: nobody could tell whose the events are",
             seed.line()}
        );
}

/// Source: gardener/gardener, docs/concepts/operator.md and the API operator.gardener.cloud. The
/// runtime cluster has no identity of its own there; the Garden's is the landscape's, and no
/// seed's.
void read_garden(const value& garden, cluster_facts& into, field_problems& problems) {
    into.name      = garden.text_at({"metadata", "name"});
    into.identity  = garden.text_at({"spec", "virtualCluster", "gardener", "clusterIdentity"});
    into.resources = resources_of(garden);
    const auto* const domains = garden.find_path({"spec", "runtimeCluster", "ingress", "domains"});
    if (domains != nullptr && !domains->items().empty())
        into.ingress_domain = domains->items()[0].text_at({"name"});
    into.ipv6 =
        prefers_ipv6(garden.find_path({"spec", "runtimeCluster", "networking", "ipFamilies"}));
    if (into.identity.empty())
        problems.push_back(
            {"garden.spec.virtualCluster.gardener.clusterIdentity",
             "is needed: nobody could tell whose the events are", garden.line()}
        );
}

using path = std::vector<std::string_view>;

value only(const std::vector<path>& kept, const value& whole) {
    value made = value::map();
    for (const auto& each : kept) {
        const auto* from = &whole;
        for (const auto key : each)
            if (from != nullptr) from = from->find(key);
        if (from == nullptr) continue;
        auto* to = &made;
        for (const auto key : each) to = &(*to)[key];
        *to = *from;
    }
    return made;
}

}  // namespace

std::vector<referenced_resource> resources_of(const value& object) {
    std::vector<referenced_resource> all;
    if (const auto* list = object.find_path({"spec", "resources"})) {
        for (const auto& each : list->items())
            all.push_back({
                std::string(each.text_at({"name"})),
                std::string(each.text_at({"resourceRef", "kind"})),
                std::string(each.text_at({"resourceRef", "apiVersion"})),
                std::string(each.text_at({"resourceRef", "name"})),
            });
    }
    return all;
}

std::string_view name_of(extension_class is) noexcept {
    return classes[static_cast<std::size_t>(is)];
}

const referenced_resource* cluster_facts::find(std::string_view called, std::string_view kind)
    const {
    const auto found = std::ranges::find_if(resources, [&](const referenced_resource& each) {
        return each.name == called && each.kind == kind;
    });
    return found == resources.end() ? nullptr : &*found;
}

std::string cluster_facts::short_id() const {
    std::string_view id = technical_id;
    if (!id.starts_with("shoot-")) return std::string(id);
    id.remove_prefix(6);
    if (id.starts_with('-')) id.remove_prefix(1);
    return std::string(id);
}

value reduced_cluster(const value& cluster) {
    static const std::vector<path> kept{
        {"metadata", "name"},
        {"spec", "seed", "spec", "ingress", "domain"},
        {"spec", "shoot", "metadata", "name"},
        {"spec", "shoot", "metadata", "namespace"},
        {"spec", "shoot", "metadata", "annotations", "confirmation.gardener.cloud/force-deletion"},
        {"spec", "shoot", "spec", "resources"},
        {"spec", "shoot", "spec", "hibernation", "enabled"},
        {"spec", "shoot", "spec", "networking", "ipFamilies"},
        {"spec", "shoot", "status", "clusterIdentity"},
        {"spec", "shoot", "status", "technicalID"},
        {"spec", "shoot", "status", "isHibernated"},
        {"spec", "shoot", "status", "credentials", "rotation", "certificateAuthorities",
         "lastInitiationTime"},
    };
    auto       made  = only(kept, cluster);
    const auto state = cluster.text_at({"spec", "shoot", "status", "lastOperation", "state"});
    if (state == "Failed") made["spec"]["shoot"]["status"]["lastOperation"]["state"] = state;
    return made;
}

value reduced_garden(const value& garden) {
    static const std::vector<path> kept{
        {"metadata", "name"},
        {"spec", "resources"},
        {"spec", "runtimeCluster", "ingress", "domains"},
        {"spec", "runtimeCluster", "networking", "ipFamilies"},
        {"spec", "virtualCluster", "gardener", "clusterIdentity"},
    };
    return only(kept, garden);
}

cluster_facts read_cluster(const value& extension, const value& cluster, field_problems& problems) {
    cluster_facts is;
    is.control_plane = extension.text_at({"metadata", "namespace"});
    if (is.control_plane.empty())
        problems.push_back({"metadata.namespace", "is needed", extension.line()});
    if (const auto said = extension.text_at({"spec", "class"}); !said.empty()) {
        const auto* found = std::ranges::find(classes, said);
        if (found == classes.end())
            problems.push_back(
                {"spec.class", "expected shoot, seed or garden, found " + described(value(said)),
                 extension.line()}
            );
        else
            is.is = static_cast<extension_class>(found - classes.begin());
    }
    switch (is.is) {
        case extension_class::shoot: read_shoot(cluster, is, problems); break;
        case extension_class::seed: read_seed(cluster, is, problems); break;
        case extension_class::garden: read_garden(cluster, is, problems); break;
    }
    return is;
}

}  // namespace falconer::falco

// The cluster that Falco goes to, as Gardener describes it.
#pragma once

#include "falconer/event.hpp"
#include "falconer/field_reader.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::falco {

/// Source: extensions.gardener.cloud/v1alpha1, Extension, spec.class.
enum class extension_class : std::uint8_t { shoot, seed, garden };

std::string_view name_of(extension_class is) noexcept;

/// An entry of spec.resources: something of the garden that is copied beside the control plane.
struct referenced_resource {
    std::string name{}, kind{}, api_version{}, object{};

    /// As the copy is called. Source: Gardener's docs/extensions/referenced-resources.md.
    std::string copy() const { return "ref-" + object; }
};

struct cluster_facts {
    extension_class                  is = extension_class::shoot;
    std::string                      control_plane{};   // namespace, of the Extension
    std::string                      name{};            // of the Shoot, the Seed or the Garden
    std::string                      identity{};        // what its events are known by
    std::string                      technical_id{};    // "shoot--project--name"; of shoots
    std::string                      ingress_domain{};  // of the seed; of shoots
    bool                             ipv6       = false;
    bool                             hibernated = false;
    std::vector<referenced_resource> resources{};
    std::optional<event_time>        authorities_rotated{};  // Gardener began to, then

    const referenced_resource* find(std::string_view called, std::string_view kind) const;
    /// "p--s" of shoot--p--s. Source: Gardener, the hosts of Vali and the OpenTelemetry collector.
    std::string short_id() const;
};

/// `cluster`: of class shoot the Cluster; of class seed a Cluster that holds a Seed, or a Seed; of
/// class garden the Garden.
/// Foreign objects: unknown fields are not looked at. What is needed and missing is a problem.
cluster_facts read_cluster(const value& extension, const value& cluster, field_problems& problems);

/// The parts of a Cluster that anybody here looks at: a thousandth of it. read_cluster() and
/// read_shoot_view() find in it what they find in the whole. That a shoot is at work or has
/// succeeded is left out, so that two are equal unless something differs that matters.
value reduced_cluster(const value& cluster);
/// The same of a Garden.
value reduced_garden(const value& garden);

}  // namespace falconer::falco

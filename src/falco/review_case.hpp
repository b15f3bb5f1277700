// What a review looks at of a Shoot or a Seed, before and after the change.
#pragma once

#include "falconer/falco/cluster_facts.hpp"
#include "falconer/falco/review.hpp"
#include "falconer/falco/service_config.hpp"
#include "falconer/field_reader.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// The entry of our type in spec.extensions. Borrows from the object.
struct reviewed_entry {
    std::size_t  at       = 0;
    bool         disabled = false;
    const value* config   = nullptr;  // null: no providerConfig, or one that is null
    bool         has_key  = false;    // providerConfig stands there, whatever it holds

    std::string path() const { return "spec.extensions[" + std::to_string(at) + ']'; }
    std::string config_path() const { return path() + ".providerConfig"; }
};

struct reviewed_object {
    extension_class                  is = extension_class::shoot;
    std::string                      in_namespace{};  // of a Shoot
    bool                             deleting = false;
    bool                             labelled = false;  // Gardener's label: it uses the extension
    const value*                     spec     = nullptr;
    std::optional<reviewed_entry>    entry{};
    std::vector<referenced_resource> resources{};

    /// Where what spec.resources names is found. Lives as long as this object.
    std::string_view home() const {
        if (is == extension_class::shoot) return in_namespace;
        return "garden";
    }
};

/// Foreign fields are not looked at. What cannot be read at all is a problem.
reviewed_object read_reviewed(const value& object, extension_class is, field_problems& problems);

struct review_case {
    const reviewed_object&                now;
    const std::optional<reviewed_object>& before;
    const garden_view&                    garden;
    const review_settings&                settings;
    utc_time                              time{};

    /// Of an update that leaves the spec alone nothing is refused.
    bool spec_is_unchanged() const {
        return before && before->spec && now.spec && *before->spec == *now.spec;
    }
    /// Of an update that changes something, but neither our config nor what it may refer to.
    bool leaves_ours_alone() const;
    /// A config that was in use, readable or not.
    const value* config_before() const;
    /// Of it, leniently: empty where there is none.
    std::string_view         version_before() const;
    std::vector<std::string> destinations_before() const;

    /// Whether the shoot's namespace carries the annotation; the garden's own may everything.
    bool may(allowance who, std::string_view annotation) const;
    bool may_use_central() const { return may(settings.central_logging, central_annotation); }
    /// Where events go when nobody said it.
    std::string default_destination() const;
};

}  // namespace falconer::falco

// What a review looks up in the garden: never a call, only what somebody keeps at hand.
#pragma once

#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/rule_files.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace falconer::falco {

enum class sight : std::uint8_t {
    known,           // it is there
    absent,          // it is not there
    cannot_be_seen,  // nobody here may tell
};

/// A ConfigMap with rules. Who names it holds what it is unpacked to.
struct seen_rules {
    sight                                    is = sight::cannot_be_seen;
    std::shared_ptr<const custom_rule_files> files{};  // of a known one; null: only its name is
};

struct seen_secret {
    sight        is     = sight::cannot_be_seen;
    const value* object = nullptr;  // of a known one; null: only its name is known
};

/// Lifetime: what a call has returned stays until the next time control leaves the reviewer.
class garden_view {
public:
    virtual ~garden_view() = default;

    /// Null: there is none of that name.
    virtual const value* namespace_named(std::string_view name) const = 0;
    /// The Project whose namespace it is: by its spec.namespace, or by the namespace's label
    /// project.gardener.cloud/name. Null: there is none.
    virtual const value* project_of(std::string_view namespace_name) const = 0;
    /// All FalcoProfiles, merged.
    virtual const releases& offered() const = 0;

    virtual seen_rules custom_rules(std::string_view in_namespace, std::string_view config_map)
        const                                                                              = 0;
    virtual seen_secret secret(std::string_view in_namespace, std::string_view name) const = 0;
};

inline constexpr std::string_view project_label = "project.gardener.cloud/name";

}  // namespace falconer::falco

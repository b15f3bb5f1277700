// FalcoProfile: which versions a landscape offers; several of them make one catalogue.
#pragma once

#include "falconer/event.hpp"
#include "falconer/falco/semver.hpp"
#include "falconer/field_reader.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// From the most careful on: what two profiles disagree about gets the lowest.
enum class classification : std::uint8_t { deprecated, preview, supported };

std::string_view name_of(classification is) noexcept;

/// A version of Falco, Falcosidekick or falcoctl, as one profile offers it.
struct offered_version {
    std::string               version{};  // SemVer
    classification            is = classification::deprecated;
    std::optional<event_time> expires{};        // from then on, inclusive
    std::string               rules_version{};  // of Falco only
    std::string               image{};          // "repository:tag" or "repository@sha256:…"
    std::string               disputed_end{};   // "a: never, b: 2027-…": profiles disagree about it

    /// "2027-01-31T23:59:59Z", and who says so where others say something else.
    std::string end_text() const;
    bool        expired(utc_time now) const { return expires && event_time_of(now) >= *expires; }
    friend bool operator==(const offered_version&, const offered_version&) = default;
};

/// The plug-in that knows containers: every Falco from 0.41 on is given it.
inline constexpr std::string_view container_plugin = "container";

/// A plug-in of Falco's, as one profile offers it. It runs inside Falco, with all its rights.
struct offered_plugin {
    std::string name{};         // "k8smeta"
    std::string version{};      // SemVer
    std::string since_falco{};  // the first Falco that loads it; empty: all do
    std::string source{};       // of the events that it brings, "k8s_audit"; empty: it brings none
    std::string library{};      // "libk8smeta.so"
    // Where the library comes from; neither: Falco's own image has it.
    std::string image{};        // "repository@sha256:…", with /plugins/<library> and cp in it
    std::string artifact{};     // "registry/name@sha256:…", which falcoctl fetches
    std::string open_params{};  // what its source is opened with
    value       config{};       // what the landscape sets; null: nothing
    value       schema{};       // JSON schema of the whole configuration; null: nothing can be set

    friend bool operator==(const offered_plugin&, const offered_plugin&) = default;
};
/// By name and version.
using offered_plugins = std::map<std::string, std::map<semver, offered_plugin>, std::less<>>;

struct falco_profile {
    std::string                  name{};
    std::vector<offered_version> falco{}, falcosidekick{}, falcoctl{};
    std::vector<offered_plugin>  plugins{};

    friend bool operator==(const falco_profile&, const falco_profile&) = default;
};

struct decoded_profile {
    falco_profile  profile{};   // without the entries that are wrong
    field_problems problems{};  // paths start at the object
};

/// An object of falco.gardener.cloud/v1alpha1. Source: the CRD falcoprofiles.falco.gardener.cloud;
/// classifications are matched whole, a date without zone is UTC, an image of no version is
/// refused; of two different images of one version the first counts, and that is a problem.
decoded_profile decode_falco_profile(const value& object);

/// By version. Ordered by precedence.
using offered_versions = std::map<semver, offered_version>;

/// What all profiles offer together.
struct releases {
    offered_versions         falco{}, falcosidekick{}, falcoctl{};
    offered_plugins          plugins{};
    std::vector<std::string> warnings{};  // what they disagree about, and versions without an image
};

/// The same whatever the order of the profiles. Identical entries are one; of conflicting ones the
/// earliest end and the lowest classification count, and rules version and image of the
/// alphabetically first profile.
releases merge(std::vector<falco_profile> profiles);

}  // namespace falconer::falco

// What the Falco project publishes rules as: one file, in a tar, gzipped, in an artifact's only
// layer. Source: falcosecurity/falcoctl, the media types of rulesfiles.
#pragma once

#include "artifact_source.hpp"

#include <array>
#include <string>
#include <string_view>

namespace falconer::oci {

inline constexpr auto rules_config_type = "application/vnd.cncf.falco.rulesfile.config.v1+json";
inline constexpr auto rules_layer_type  = "application/vnd.cncf.falco.rulesfile.layer.v1+tar.gz";

inline constexpr std::size_t largest_layer   = 2 << 20;  // bytes
inline constexpr std::size_t largest_archive = 4 << 20;  // … unpacked

/// Those that hold a standard file each. The first one is never missing.
inline constexpr std::array rules_artifacts{
    "falco-rules", "falco-incubating-rules", "falco-sandbox-rules"
};

/// Errors: malformed, when it is an artifact of another kind; too_large.
result<descriptor> rules_layer(const manifest& of);

/// `file`: "falco_rules.yaml". Errors: malformed, too_large, not_found.
result<std::string> rules_in_layer(std::string_view layer, std::string_view file);

}  // namespace falconer::oci

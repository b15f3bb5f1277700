// The rule files that a cluster's Falco loads, in their order.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

struct rule_file {
    std::string name{};  // "falco_rules.yaml"
    std::string text{};

    friend bool operator==(const rule_file&, const rule_file&) = default;
};

/// The standard files of one version, by the name of the file.
using rule_set = std::map<std::string, std::string>;
/// By rules version.
using rule_catalogue = std::map<std::string, rule_set>;

/// The Go extension's profiles name their sets of rules after Falco's versions; ours are named as
/// falcosecurity/rules releases them. "0.42.1" is 5.0.0; what is no such name stands for itself.
std::string_view rules_version_meant(std::string_view version) noexcept;
/// A set of that very name, else the one that it stands for. Null: neither is there.
const rule_set* find_rules(const rule_catalogue& in, std::string_view version);

/// "falco-rules" is falco_rules.yaml. Nothing: there is no such standard file.
std::string_view standard_rule_file(std::string_view standard_name) noexcept;

/// Whether a file of this name is one that we deliver ourselves: a user's may not be called so.
bool is_standard_rule_file(std::string_view file_name) noexcept;

/// Gardener's exceptions, those of them whose macro or list one of `loaded` defines. Empty: none.
std::string           exceptions_for(const std::vector<rule_file>& loaded);
inline constexpr auto exceptions_file = "gardener_exceptions.yaml";
/// Detections of ours for what Gardener runs: the same whatever the version of Falco's rules.
rule_file             detections();
inline constexpr auto detections_file = "gardener_detections.yaml";
inline constexpr auto heartbeat_file  = "heartbeat_rule.yaml";

/// Limits of a ConfigMap with rules. Source: the Go extension.
inline constexpr std::size_t most_rule_files   = 10;
inline constexpr std::size_t largest_rule_file = 1 << 20;  // bytes, uncompressed
/// The files of such a ConfigMap, in the byte order of their names: of data every *.yaml, of
/// binaryData every *.yaml.gz, uncompressed. They are YAML with something in it; whether they are
/// rules is not looked at. Errors: malformed, one for each thing that is wrong.
struct custom_rule_files {
    std::vector<rule_file>   files{};
    std::vector<std::string> problems{};
};
custom_rule_files read_custom_rules(const value& config_map);

}  // namespace falconer::falco

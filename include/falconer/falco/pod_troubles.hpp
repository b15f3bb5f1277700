// Why the pods of Falco and Falcosidekick do not run, read from the pods themselves.
#pragma once

#include "falconer/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// The most telling first.
enum class pod_trouble_kind : std::uint8_t {
    rules_refused,  // Falco does not accept a rule file
    not_mounted,    // a volume is not there
    no_image,
    crashes,
    not_ready,
    none_there,
};

struct pod_trouble {
    pod_trouble_kind is               = pod_trouble_kind::not_ready;
    bool             of_falcosidekick = false;
    /// A file or ConfigMap of the user's is at fault, beyond doubt.
    bool        by_user = false;
    std::string text{};  // one line
    std::size_t pods = 1;

    friend bool operator==(const pod_trouble&, const pod_trouble&) = default;
};

/// Of several pods with the same trouble one stands for all. `events`: those of the pods, of type
/// Warning. A container's last words are in its status, because its terminationMessagePolicy is
/// FallbackToLogsOnError. Source: core/v1 PodStatus; kubelet's reasons in pkg/kubelet/images and
/// pkg/kubelet/kuberuntime.
std::vector<pod_trouble> troubles_of(
    const std::vector<value>& pods, const std::vector<value>& events
);

/// What Falco says of a rule file before it ends; nothing of the kind: an empty file. Source:
/// falcosecurity/falco, userspace/engine/falco_load_result.cpp and
/// userspace/falco/app/actions/load_rules_files.cpp.
struct refused_rules {
    std::string file{};    // "mine.yaml", or empty
    std::string reason{};  // "LOAD_ERR_YAML_PARSE (Error parsing YAML): …"
    bool        by_user = false;
};
refused_rules rules_refused_in(std::string_view last_words);

}  // namespace falconer::falco

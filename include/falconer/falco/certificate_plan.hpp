// What to do about a cluster's certificates: keep them, renew a leaf, or move to a new authority in
// steps between which both sides always trust each other.
#pragma once

#include "falconer/falco/certificates.hpp"
#include "falconer/falco/kept_secret.hpp"
#include "falconer/result.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace falconer::falco {

/// Where the certificates of a cluster (class shoot or seed) are kept, in its control plane's
/// namespace. Source: the Go extension's pkg/constants.
inline constexpr auto certificate_secret = "gardener-extension-shoot-falco-service-certificates";
/// Of class garden, which may share its namespace with class seed.
inline constexpr auto garden_certificate_secret =
    "gardener-extension-shoot-falco-service-garden-certificates";

struct certificate_policy {
    renewal authority{.lifetime = std::chrono::days(730), .renew_after = std::chrono::days(670)};
    renewal leaf{.lifetime = std::chrono::days(180), .renew_after = std::chrono::days(150)};

    /// What is wrong with it, a sentence each, beginning with the option's name.
    std::vector<std::string> problems() const;
};

/// Both leaves carry these and the last one as their common name. Source: the Go extension.
std::vector<std::string> falcosidekick_names(const std::string& namespace_name = "kube-system");

/// That a Secret needs nothing while it stays as it is, nothing else is wanted, and the clock is
/// within these. To judge certificates costs more than all else of a cluster's round: whoever keeps
/// this need not do it twice.
struct certificate_verdict {
    std::string digest{};  // of the Secret and of what was wanted
    utc_time    from{}, until{};
};

struct certificate_want {
    std::string              cluster_name{};
    std::vector<std::string> names = falcosidekick_names();
    certificate_policy       policy{};
    /// Gardener began to rotate the cluster's own authorities then: older ones of ours follow.
    /// Source: Shoot.status.credentials.rotation.certificateAuthorities.lastInitiationTime.
    std::optional<utc_time> rotation_asked{};
    /// Pods roll now for another reason: renew as well what would be due within this.
    std::chrono::seconds soon{0};
    /// Of an earlier plan for this cluster.
    std::optional<certificate_verdict> known{};
};

/// The certificate_checksums that *every* pod of the workload runs with, none of them on its way to
/// another; empty where that is not known.
struct rolled_out {
    std::string falco{};
    std::string falcosidekick{};
};

/// What is mounted into the pods, ready to be delivered. A trust is the PEM of one to three
/// authorities; without a rotation under way it is the kept certificate byte by byte.
struct certificate_delivery {
    key_pair    server{};
    key_pair    client{};
    std::string server_trust{};  // what Falco trusts
    std::string client_trust{};  // what Falcosidekick trusts
    /// Of what the workload is given and is no secret. They change only when a pod must roll.
    std::string falco_checksum{};
    std::string falcosidekick_checksum{};
};

/// The steps of one authority and its leaf. introduce: both sides come to trust a new authority
/// beside the old one, which still signs. switch_over: the new one signs. retire: the old one is
/// trusted no longer.
enum class certificate_step { keep, renew_leaf, introduce, switch_over, retire, start_anew };
std::string_view text_of(certificate_step what) noexcept;

struct certificate_change {
    certificate_step step = certificate_step::keep;
    std::string      why{};  // "the leaf has expired"
    /// Nobody confirmed that the cluster has moved, and waiting longer would have been worse, or
    /// what it trusts is lost: until its pods have rolled, they may refuse each other.
    bool abrupt = false;
};

struct certificate_plan {
    certificate_change   server{};
    certificate_change   client{};
    kept_secret          kept{};         // as it is to be kept, with everything foreign in it
    bool                 write = false;  // it differs from what is kept
    certificate_delivery delivery{};     // of `kept`
    utc_time             look_again{};   // when time alone will change the answer
    bool waits_for_pods = false;         // there is a next step as soon as all of them have moved
    std::optional<certificate_verdict> verdict{};  // on `kept`; nothing: the next step is near
};

/// `kept`: nothing, only if the Secret does not exist; an answer that never came is its caller's
/// failure. One step per call: write the Secret only over the very one that was read (create, or
/// update with its resourceVersion; on a conflict read and plan again), then deliver. The decision
/// depends on the arguments alone; new keys are random.
/// Errors: malformed, for a policy with problems or names that no certificate can hold.
result<certificate_plan> plan_certificates(
    const std::optional<kept_secret>& kept, const certificate_want& want, const rolled_out& moved,
    utc_time now
);

}  // namespace falconer::falco

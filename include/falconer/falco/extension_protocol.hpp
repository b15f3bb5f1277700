// Gardener's protocol for Extension objects: what starts work, which work it is, and what is
// written about it. Plain decisions; whoever carries them out does the I/O. Source:
// gardener/gardener, extensions/pkg/controller/extension, docs/extensions/reconcile-trigger.md and
// migration.md.
#pragma once

#include "falconer/falco/cluster_facts.hpp"
#include "falconer/time_source.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

inline constexpr std::string_view extension_type = "shoot-falco-service";
inline constexpr std::string_view extension_finalizer =
    "extensions.gardener.cloud/shoot-falco-service";

enum class extension_operation : std::uint8_t { create, reconcile, remove, migrate, restore };
std::string_view name_of(extension_operation is
) noexcept;  // "Create" … as status.lastOperation.type

/// What the protocol looks at of an Extension. An informer keeps no more.
struct extension_view {
    std::string              type{};
    extension_class          is          = extension_class::shoot;
    bool                     known_class = true;  // a class that nobody knows is nobody's
    std::int64_t             generation  = 0;
    std::int64_t             observed    = 0;  // status.observedGeneration; 0: none is told
    std::string              resource_version{};
    std::string              operation{};  // annotation gardener.cloud/operation
    std::string              timestamp{};  // annotation gardener.cloud/timestamp
    bool                     deleting = false;
    std::vector<std::string> finalizers{};
    std::string              last_type{}, last_state{}, last_update{};  // status.lastOperation
    value                    status{};                                  // all of it, to be compared

    bool succeeded() const { return last_state == "Succeeded"; }
    bool has_finalizer() const;
};
extension_view read_extension(const value& object);

/// What of the Cluster counts. Source: contract §1.5.
struct shoot_view {
    bool failed         = false;  // status.lastOperation.state
    bool force_deletion = false;  // annotation confirmation.gardener.cloud/force-deletion
};
shoot_view read_shoot_view(const value& cluster);

/// Contract §1.3, rule 1.
bool is_ours(const extension_view& extension, const std::set<extension_class>& classes);

/// Contract §1.3, rules 3 and 4: whether this change starts work. `before`: nothing, when it is new
/// to us.
bool starts_work(const std::optional<extension_view>& before, const extension_view& after);

/// Gardenlet asked for something, and nobody has answered since: whoever took the annotation off
/// has died before it began. Source: contract §1.7, what gardenlet waits for.
bool is_unanswered(const extension_view& extension);

/// Whether what was read or written as `ours` still stands: gardenlet has asked for nothing else,
/// and nobody has answered in our place. If not, the last word is somebody else's.
bool is_still_ours(const extension_view& ours, const extension_view& now);

/// Contract §1.4 and §1.5.
struct extension_decision {
    /// Nothing: leave it alone, without a word in its status.
    std::optional<extension_operation> run{};
    bool                               force = false;  // of remove: the shoot may be gone
    /// Take the annotation off before the work (reconcile), with the resourceVersion.
    bool        acknowledge_first = false;
    std::string why{};  // of nothing
};
/// `shoot`: of an Extension in a shoot's namespace; nothing elsewhere.
extension_decision decide(const extension_view& extension, const std::optional<shoot_view>& shoot);

// --- what is written: merge patches; contract §1.2, §1.4, §1.6 ---

/// With the resourceVersion: a conflict means that another operation was asked for meanwhile.
value acknowledge_patch(const extension_view& extension);
/// What comes before the work: the annotation goes, if the decision says so, and the finalizer
/// comes. Nothing: neither is needed. With the resourceVersion.
std::optional<value> begin_patch(
    const extension_view& extension, const extension_decision& decision
);
std::optional<value> remove_finalizer_patch(const extension_view& extension);
/// After a migration: all of them, of others, too.
value remove_all_finalizers_patch();

/// Of `/status`. Processing leaves lastError and observedGeneration as they are.
value processing_patch(
    extension_operation operation, const extension_view& extension, utc_time now
);
/// `codes`: ERR_…; an empty list takes older ones away.
value error_patch(
    extension_operation operation, const extension_view& extension, std::string_view why,
    const std::vector<std::string>& codes, utc_time now
);
value success_patch(extension_operation operation, const extension_view& extension, utc_time now);
/// Of a success: what the Extension refers to, so that a migration carries it over. Source:
/// contract §7.2; gardener/gardener, docs/extensions/migration.md.
void list_resources(value& success, const std::vector<referenced_resource>& referred_to);

/// Gardenlet believes a success only if it is not earlier than its request: of two clocks the later
/// counts. Seconds.
utc_time status_time(const extension_view& extension, utc_time now);
/// Of two clocks that are too far apart for that: why gardenlet would not believe a success, in one
/// sentence. Empty: it would.
std::string unbelievable_because(const extension_view& extension, utc_time now);

/// When to look at it again by itself: `period` after the last success, spread by its name, so that
/// a restart neither forgets anybody nor looks at all at once.
utc_time next_resync(
    const extension_view& extension, std::string_view name, std::chrono::seconds period,
    utc_time now
);

}  // namespace falconer::falco

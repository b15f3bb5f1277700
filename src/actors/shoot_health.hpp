// One look at how it is with a shoot's Falco, told in its Extension's conditions.
#pragma once

#include "falconer/falco/extension_protocol.hpp"
#include "falconer/falco/health.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/ports/shoot_access.hpp"
#include "falconer/sight.hpp"
#include "landscape.hpp"

#include <optional>
#include <string>
#include <vector>

namespace falconer::actors {

/// What the shoot's actor knows by itself.
struct known_health {
    falco::extension_class   is = falco::extension_class::shoot;
    std::string              trouble{};  // why its rounds fail; empty: they do not
    std::vector<std::string> trouble_codes{};
    std::vector<std::string> left_out{}, broken_rules{};
    std::optional<utc_time>  silent_since{};
    bool                     over_quota = false;
    std::optional<sight>     seen{};  // what else is wrong with how it is seen; nothing: nothing is
    std::string              version_notice{};
};

/// Lifetime: borrows all it is given; made for one look.
class shoot_health {
public:
    struct outcome {
        /// What the conditions say now; nothing: they are not to be touched, or could not be.
        std::optional<std::vector<falco::health_condition>> told{};
        /// Something is wrong that nobody will tell us the end of: look again.
        bool look_again = false;
    };

    /// `access`: null, where clusters cannot be looked into.
    shoot_health(
        kube_api& seed, shoot_access* access, const landscape& around, const kube_key& key,
        const known_health& known, utc_time now
    )
        : seed_(seed), access_(access), around_(around), key_(key), known_(known), now_(now) {}

    /// `said`: what the conditions are known to say; if that is still true nothing is asked of
    /// anybody. Cancel: at any point.
    task<outcome> run(const std::vector<falco::health_condition>& said);

private:
    std::optional<falco::managed_resource_state> state_of(const std::string& name) const;
    task<void>                                   look_at_pods();
    task<result<std::vector<value>>>             list_pods(kube_api& in);
    task<result<std::vector<value>>>             list_warnings(kube_api& in);
    task<outcome>                                tell(std::vector<falco::health_condition> are);

    kube_api&            seed_;
    shoot_access*        access_;
    const landscape&     around_;
    const kube_key&      key_;
    const known_health&  known_;
    utc_time             now_;
    falco::health_facts  facts_{};
    falco::cluster_facts cluster_{};
};

}  // namespace falconer::actors

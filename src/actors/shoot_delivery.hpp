// Delivers what an Extension asks for: reads what is there, plans, and writes what differs.
#pragma once

#include "falconer/falco/credentials_plan.hpp"
#include "falconer/falco/extension_service.hpp"
#include "falconer/falco/managed_resource.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/ports/token_mint.hpp"
#include "landscape.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace falconer::actors {

/// Why a round could not do its work.
struct trouble {
    failure                  why;
    std::vector<std::string> codes{};  // ERR_…; Source: core.gardener.cloud/v1beta1, ErrorCode

    trouble(failure what) : why(std::move(what)) {}
    /// A proven mistake of the user's, which repeating does not mend.
    static trouble by_user(const field_problems& problems);
};

/// By ManagedResource's name: what it was left with. Source of the number: managed_resource_state.
using delivered_contents = std::vector<std::pair<std::string, std::size_t>>;

struct delivered {
    utc_time                 look_again = utc_time::max();
    std::vector<std::string> warnings{};
    std::vector<std::string> broken_rules{};    // the last good ones stay
    std::string              version_notice{};  // it has to be left
    std::size_t              writes   = 0;
    bool                     rotating = false;  // goes on as soon as the pods have rolled
    /// Whatever of the owner's it has read.
    std::vector<falco::referenced_resource> resources{};
    /// On the cluster's certificates, for the next delivery.
    std::optional<falco::certificate_verdict> verdict{};
    delivered_contents                        contents{};
    /// Of the cluster, for whoever takes its events in.
    std::string             identity{};
    std::optional<utc_time> token_issued{};  // nothing: its events go elsewhere
    secret                  heartbeat_key{};
};

/// One delivery; made for one round.
/// Lifetime: borrows all it is given.
class shoot_delivery {
public:
    /// What is known from before, by the same process.
    struct memory {
        std::optional<falco::certificate_verdict> certificates{};
        std::optional<utc_time>                   tokens_refused_before{};
    };

    shoot_delivery(
        kube_api& api, const landscape& around, token_mint* mint, utc_time now, memory known
    )
        : api_(api), around_(around), offered_(around.offered), rules_(around.rules), mint_(mint),
          now_(now), known_(std::move(known)) {}

    /// `cluster`: the Cluster, or the Seed. Cancel: half of it may have been written; the next one
    /// goes on from there.
    task<std::optional<trouble>> run(const value& extension, const value& cluster);

    const delivered& done() const noexcept { return done_; }

private:
    using objects = std::map<std::string, value>;

    task<std::optional<trouble>> read_references();
    task<std::optional<trouble>> prepare_credentials();
    task<result<value>>          find(const kube_type& type, std::string name);
    /// The custom rules that the cluster has now, out of what was delivered last.
    task<result<std::vector<falco::rule_file>>> read_delivered_rules();
    task<result<void>>                          keep(value object, const value& was);
    /// No items: it is to go.
    task<result<void>> deliver_to(falco::managed_resource_name to, const std::vector<value>& items);
    falco::rolled_out  moved() const;

    kube_api&                                    api_;
    const landscape&                             around_;
    std::shared_ptr<const falco::releases>       offered_;
    std::shared_ptr<const falco::rule_catalogue> rules_;
    token_mint*                                  mint_;
    utc_time                                     now_;
    memory                                       known_;
    falco::cluster_facts                         cluster_{};
    falco::falco_service                         service_{};
    objects                                      config_maps_{}, secrets_{};
    value                                        target_{};  // the ManagedResource, as it was
    falco::credentials_plan                      credentials_{};
    delivered                                    done_{};
};

}  // namespace falconer::actors

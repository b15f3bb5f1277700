#include "shoot_health.hpp"

#include "kube_types.hpp"

#include "falconer/log.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {
namespace {

const kube_type pods{.kind = "Pod", .plural = "pods"};
const kube_type events{.kind = "Event", .plural = "events"};

/// Everything of them, page by page, would be much of a large cluster: what one page does not show
/// is not worth more.
constexpr std::size_t most = 500;

bool wants_to_sleep(const value& cluster) {
    const auto* is = cluster.find_path({"spec", "shoot", "spec", "hibernation", "enabled"});
    return is != nullptr && is->boolean().value_or(false);
}

}  // namespace

std::optional<falco::managed_resource_state> shoot_health::state_of(const std::string& name) const {
    const auto found = around_.deliveries.find({key_.namespace_name, name});
    if (found == around_.deliveries.end()) return std::nullopt;
    return found->second;
}

task<shoot_health::outcome> shoot_health::run(const std::vector<falco::health_condition>& said) {
    const auto found  = around_.clusters.find(key_.namespace_name);
    const bool shoot  = known_.is == falco::extension_class::shoot;
    const bool inside = around_.shoot_namespaces.contains(key_.namespace_name);
    const bool known  = found != around_.clusters.end();
    // That there is no Cluster is all there is to say, once it has been found to stay so.
    if (!around_.deliveries_known || (shoot && inside && !known && known_.trouble.empty()))
        co_return outcome{.look_again = true};
    if (shoot && known) {
        field_problems problems;  // told by the rounds
        cluster_ = falco::read_cluster({}, *found->second, problems);
    }
    // Seed and garden may share a namespace and a process, so neither of them tells.
    cluster_.is            = known_.is;
    cluster_.control_plane = key_.namespace_name;
    // Wanted is enough, and wakes it as well: contract §3.1.
    facts_.hibernated = shoot && known && wants_to_sleep(*found->second);
    facts_.target     = state_of(falco::target_resource(cluster_).name);
    // Of class garden nothing is delivered beside it; one of that name is the seed's.
    if (cluster_.is != falco::extension_class::garden)
        facts_.beside = state_of(falco::seed_resource(cluster_).name);
    facts_.trouble        = known_.trouble;
    facts_.trouble_codes  = known_.trouble_codes;
    facts_.left_out       = known_.left_out;
    facts_.broken_rules   = known_.broken_rules;
    facts_.silent_since   = known_.silent_since;
    facts_.over_quota     = known_.over_quota;
    facts_.seen           = known_.seen;
    facts_.version_notice = known_.version_notice;

    const auto& target = facts_.target;
    const bool  unwell = target && target->applied && !target->healthy && !facts_.hibernated;
    if (unwell) co_await look_at_pods();
    auto are = falco::judge(facts_);
    if (are == said) co_return outcome{.told = std::move(are), .look_again = unwell};
    auto told       = co_await tell(std::move(are));
    told.look_again = told.look_again || unwell;
    co_return told;
}

task<void> shoot_health::look_at_pods() {
    std::shared_ptr<kube_api> within;
    if (cluster_.is == falco::extension_class::shoot) {
        if (access_ == nullptr) co_return;
        auto api = co_await access_->api_of(key_.namespace_name);
        if (!api) {
            facts_.not_looked_at = api.error().detail;
            co_return;
        }
        within = std::move(*api);
    }
    kube_api& api   = within ? *within : seed_;
    auto      there = co_await list_pods(api);
    if (!there) {
        facts_.not_looked_at = there.error().detail;
        co_return;
    }
    // Only those that cannot mount need them, and without them the rest is still worth telling.
    auto warnings = co_await list_warnings(api);
    facts_.pods   = falco::troubles_of(*there, warnings ? *warnings : std::vector<value>{});
    if (there->empty()) facts_.pods.push_back({.is = falco::pod_trouble_kind::none_there});
}

task<result<std::vector<value>>> shoot_health::list_pods(kube_api& in) {
    kube_selection which;
    which.namespace_name = "kube-system";
    which.labels         = "app.kubernetes.io/name in (falco,falcosidekick)";
    kube_page_request page;
    page.limit = most;
    auto found = co_await in.list(pods, std::move(which), std::move(page));
    if (!found) co_return std::move(found).error();
    co_return std::move(found->items);
}

task<result<std::vector<value>>> shoot_health::list_warnings(kube_api& in) {
    kube_selection which;
    which.namespace_name = "kube-system";
    which.fields         = "reason=FailedMount";
    kube_page_request page;
    page.limit = most;
    auto found = co_await in.list(events, std::move(which), std::move(page));
    if (!found) co_return std::move(found).error();
    co_return std::move(found->items);
}

task<shoot_health::outcome> shoot_health::tell(std::vector<falco::health_condition> are) {
    auto is = co_await seed_.get(extensions, key_);
    if (!is) co_return outcome{.look_again = is.error().code != errc::not_found};
    const auto view = falco::read_extension(*is);
    // Whoever takes it away or moves it has no use for its health. Source: contract §3.1, §1.4.
    const bool leaves = view.deleting || view.operation == "migrate" ||
                        view.operation == "wait-for-state" || view.last_type == "Migrate";
    if (leaves || !falco::is_ours(view, around_.classes)) co_return outcome{};
    auto patch = falco::conditions_patch(*is, are, now_);
    if (!patch) co_return outcome{.told = std::move(are)};
    kube_write how;
    how.part  = kube_part::status;
    auto done = co_await seed_.merge_patch(extensions, key_, std::move(*patch), how);
    if (!done) {
        if (done.error().code != errc::conflict)
            log_of("shoot").info(
                "conditions could not be written shoot={} reason=\"{}\"", key_.text(),
                done.error().detail
            );
        co_return outcome{.look_again = true};
    }
    co_return outcome{.told = std::move(are)};
}

}  // namespace falconer::actors

#include "cluster_check.hpp"

#include "admission/webhook_configurations.hpp"
#include "k8s/kube_client.hpp"

#include <initializer_list>
#include <string>
#include <utility>

namespace falconer::app {
namespace {

constexpr std::string_view extensions  = "extensions.gardener.cloud";
constexpr std::string_view resources   = "resources.gardener.cloud";
constexpr std::string_view core        = "core.gardener.cloud";
constexpr std::string_view falco_group = "falco.gardener.cloud";
constexpr std::string_view admission   = "admissionregistration.k8s.io";
constexpr std::string_view leases      = "coordination.k8s.io";

/// Several verbs of one resource.
void add(
    std::vector<cluster_right>& to, std::initializer_list<std::string_view> verbs,
    std::string_view group, std::string_view resource, const std::string& in = {},
    const std::string& name = {}
) {
    for (const auto verb : verbs) to.push_back({verb, group, resource, in, name});
}

/// The Falco of the cluster that it runs in.
void add_own_cluster(std::vector<cluster_right>& to) {
    add(to, {"get"}, "apps", "daemonsets", "kube-system", "falco");
    add(to, {"list"}, "", "pods", "kube-system");
    add(to, {"list"}, "", "events", "kube-system");
}

const kube_type who_am_i{
    .group      = "authentication.k8s.io",
    .kind       = "SelfSubjectReview",
    .plural     = "selfsubjectreviews",
    .namespaced = false
};
const kube_type may_i{
    .group      = "authorization.k8s.io",
    .kind       = "SelfSubjectAccessReview",
    .plural     = "selfsubjectaccessreviews",
    .namespaced = false
};

/// A question is an object that is created and never kept; its name is not sent.
task<result<value>> asked(kube_api& api, kube_type type, value spec) {
    value question{{"apiVersion", type.api_version()}, {"kind", type.kind}};
    if (!spec.is_null()) question["spec"] = std::move(spec);
    kube_key nobody{"", "question"};
    auto answer = co_await api.create(std::move(type), std::move(nobody), std::move(question), {});
    co_return answer;
}

value question_about(const cluster_right& right) {
    const auto slash    = right.resource.find('/');
    value      resource = {
        {"verb", right.verb},
        {"group", right.group},
        {"resource", right.resource.substr(0, slash)},
    };
    if (slash != right.resource.npos) resource["subresource"] = right.resource.substr(slash + 1);
    if (!right.namespace_name.empty()) resource["namespace"] = right.namespace_name;
    if (!right.name.empty()) resource["name"] = right.name;
    return {{"resourceAttributes", std::move(resource)}};
}

std::string text_of(const cluster_right& right) {
    std::string text(right.verb);
    text.append(" ").append(right.resource);
    if (!right.group.empty()) text.append(".").append(right.group);
    if (!right.name.empty()) text.append(" ").append(right.name);
    if (!right.namespace_name.empty()) text.append(" in ").append(right.namespace_name);
    return text;
}

}  // namespace

std::vector<cluster_right> rights_of_controller_in_seed(const controller_configuration& how) {
    using falco::extension_class;
    const bool shoots = how.classes.contains(extension_class::shoot);
    const bool garden = how.classes.contains(extension_class::garden);

    std::vector<cluster_right> all;
    add(all, {"get", "list", "watch", "patch"}, extensions, "extensions");
    add(all, {"patch"}, extensions, "extensions/status");
    add(all, {"list", "watch"}, extensions, "clusters");
    add(all, {"get", "list", "watch", "create", "update", "delete"}, resources, "managedresources");
    add(all, {"get", "list", "create", "update", "patch", "delete"}, "", "secrets");
    add(all, {"get"}, "", "configmaps");
    add(all, {"list", "watch"}, "", "namespaces");
    if (shoots) {
        add(all, {"get"}, extensions, "clusters");
        add(all, {"patch"}, resources, "managedresources");
    }
    if (garden) add(all, {"list", "watch"}, "operator.gardener.cloud", "gardens");
    if (garden || how.classes.contains(extension_class::seed)) add_own_cluster(all);

    const auto& ours   = how.namespace_name;
    const auto& theirs = how.lease_namespace.empty() ? ours : how.lease_namespace;
    if (how.leader_election) {
        add(all, {"create"}, leases, "leases", theirs);
        add(all, {"get", "update"}, leases, "leases", theirs, how.lease);
    }
    add(all, {"create"}, leases, "leases", ours);
    add(all, {"get", "update"}, leases, "leases", ours, heartbeat_lease);
    return all;
}

std::vector<cluster_right> rights_of_controller_in_garden() {
    std::vector<cluster_right> all;
    add(all, {"list", "watch"}, falco_group, "falcoprofiles");
    return all;
}

std::vector<cluster_right> rights_of_admission_in_garden() {
    std::vector<cluster_right> all;
    add(all, {"get", "list", "watch"}, "", "namespaces");
    add(all, {"list", "watch"}, core, "projects");
    add(all, {"list", "watch"}, falco_group, "falcoprofiles");
    add(all, {"get", "list", "watch", "update"}, core, "shoots");
    add(all, {"get", "list", "watch", "update"}, core, "seeds");
    add(all, {"create"}, "", "events");
    for (const auto kind : {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"}) {
        add(all, {"create"}, admission, kind);
        add(all, {"get", "update"}, admission, kind, {}, admissions::webhook_configuration);
    }
    return all;
}

task<result<cluster_findings>> check_cluster(
    asio::any_io_executor loop, time_source& time, k8s::kube_access access,
    std::span<const cluster_right> needed
) {
    // Whoever waits for a report wants to hear soon that nobody is there.
    k8s::kube_client_options how{.answer = std::chrono::seconds(10), .patience = 1};
    cluster_findings         found;
    how.skewed = [&found](std::chrono::seconds apart) { found.clock_apart = apart; };
    auto made  = k8s::make_kube_client(std::move(loop), time, std::move(access), std::move(how));
    if (!made) co_return std::move(made).error();
    auto& api = **made;

    auto version = co_await api.server_version();
    if (!version) co_return std::move(version).error();
    found.version = std::move(*version);
    auto me       = co_await asked(api, who_am_i, {});
    if (me)
        found.who = me->text_at({"status", "userInfo", "username"});
    else if (me.error().code != errc::not_found)  // older than 1.28
        co_return std::move(me).error();
    for (const auto& each : needed) {
        auto answer = co_await asked(api, may_i, question_about(each));
        if (!answer) co_return std::move(answer).error();
        const auto* const allowed = answer->find_path({"status", "allowed"});
        if (allowed == nullptr || allowed->boolean() != true)
            found.missing.push_back(text_of(each));
    }
    co_return found;
}

}  // namespace falconer::app

#include "built_in_tables.hpp"

#include "cells.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace falconer::sandbox {
namespace {

using namespace cells;

void add_containers(const value& object, value& to) {
    const auto* const all = object.find_path({"spec", "template", "spec", "containers"});
    to.push_back(each_of(all, "name"));
    to.push_back(each_of(all, "image"));
}

value of_config_map(const value& is, utc_time now) {
    return value::list_type{
        name(is), count(is.find("data")) + count(is.find("binaryData")), age(is, now)
    };
}
value of_secret(const value& is, utc_time now) {
    return value::list_type{name(is), text(is, {"type"}), count(is.find("data")), age(is, now)};
}
value of_account(const value& is, utc_time now) {
    return value::list_type{name(is), count(is.find("secrets")), age(is, now)};
}
value of_namespace(const value& is, utc_time now) {
    return value::list_type{name(is), text(is, {"status", "phase"}), age(is, now)};
}
value of_lease(const value& is, utc_time now) {
    return value::list_type{name(is), text(is, {"spec", "holderIdentity"}), age(is, now)};
}
value of_created(const value& is, utc_time) {
    return value::list_type{name(is), text(is, {"metadata", "creationTimestamp"})};
}
value of_webhooks(const value& is, utc_time now) {
    return value::list_type{name(is), count(is.find("webhooks")), age(is, now)};
}
value of_network_policy(const value& is, utc_time now) {
    return value::list_type{
        name(is), selector(is.find_path({"spec", "podSelector"})), age(is, now)
    };
}
value of_budget(const value& is, utc_time now) {
    return value::list_type{
        name(is),
        shown(is.find_path({"spec", "minAvailable"}), "N/A"),
        shown(is.find_path({"spec", "maxUnavailable"}), "N/A"),
        number(is, {"status", "disruptionsAllowed"}),
        age(is, now),
    };
}
/// Source: kubernetes, printers/internalversion, formatHosts.
value of_ingress(const value& is, utc_time now) {
    constexpr std::size_t    most = 3;
    std::vector<std::string> hosts;
    const auto* const        all   = is.find_path({"spec", "rules"});
    const std::size_t        rules = all == nullptr ? 0 : all->items().size();
    std::size_t              seen  = 0;
    for (; seen < rules && hosts.size() < most; ++seen)
        if (auto host = text(all->items()[seen], {"host"}); !host.empty())
            hosts.push_back(std::move(host));
    auto names = hosts.empty() ? "*" : joined(hosts, ",");
    if (seen < rules) names += " + " + std::to_string(rules - most) + " more...";
    std::vector<std::string> addresses;
    if (const auto* const at = is.find_path({"status", "loadBalancer", "ingress"}))
        for (const auto& each : at->items())
            addresses.push_back(text(each, {"ip"}) + text(each, {"hostname"}));
    const auto* const tls = is.find_path({"spec", "tls"});
    return value::list_type{
        name(is),
        shown(is.find_path({"spec", "ingressClassName"}), "<none>"),
        names,
        joined(addresses, ","),
        tls != nullptr && !tls->items().empty() ? "80, 443" : "80",
        age(is, now),
    };
}

/// What is wanted of a resource, as "cpu: 40%/70%"; other metrics are not written out. Source:
/// kubernetes, printers/internalversion, formatHPAMetrics.
std::string wanted_of(const value& metric) {
    if (metric.text_at({"type"}) != "Resource") return "<unknown type>";
    const auto* const average = metric.find_path({"resource", "target", "averageValue"});
    const auto* const used    = metric.find_path({"resource", "target", "averageUtilization"});
    const auto        target  = average != nullptr ? shown(average, "")
                                : used != nullptr  ? shown(used, "") + '%'
                                                   : std::string("<auto>");
    return text(metric, {"resource", "name"}) + ": <unknown>/" + target;
}
value of_autoscaler(const value& is, utc_time now) {
    constexpr std::size_t    most = 2;
    std::vector<std::string> targets;
    if (const auto* const all = is.find_path({"spec", "metrics"}))
        for (const auto& each : all->items()) targets.push_back(wanted_of(each));
    const auto further = targets.size() > most ? targets.size() - most : 0;
    targets.resize(targets.size() - further);
    auto wanted = targets.empty() ? "<none>" : joined(targets, ", ");
    if (further > 0) wanted += " + " + std::to_string(further) + " more...";
    const auto of = text(is, {"spec", "scaleTargetRef", "kind"});
    return value::list_type{
        name(is),
        of + "/" + text(is, {"spec", "scaleTargetRef", "name"}),
        wanted,
        shown(is.find_path({"spec", "minReplicas"}), "<unset>"),
        number(is, {"spec", "maxReplicas"}),
        number(is, {"status", "currentReplicas"}),
        age(is, now),
    };
}

value of_priority(const value& is, utc_time now) {
    const auto* const global = is.find("globalDefault");
    const auto        policy = text(is, {"preemptionPolicy"});
    return value::list_type{
        name(is),
        number(is, {"value"}),
        global != nullptr && global->boolean() == true,
        age(is, now),
        policy.empty() ? "PreemptLowerPriority" : policy,
    };
}

/// Source: kubernetes, pkg/apis/rbac, SubjectsStrings.
value of_binding(const value& is, utc_time now) {
    std::vector<std::string> users, groups, accounts;
    if (const auto* const all = is.find("subjects"))
        for (const auto& each : all->items()) {
            const auto kind = each.text_at({"kind"});
            auto       who  = text(each, {"name"});
            if (kind == "User") users.push_back(std::move(who));
            if (kind == "Group") groups.push_back(text(each, {"name"}));
            if (kind == "ServiceAccount")
                accounts.push_back(text(each, {"namespace"}) + "/" + text(each, {"name"}));
        }
    return value::list_type{
        name(is),
        text(is, {"roleRef", "kind"}) + "/" + text(is, {"roleRef", "name"}),
        age(is, now),
        joined(users, ", "),
        joined(groups, ", "),
        joined(accounts, ", "),
    };
}

value of_event(const value& is, utc_time now) {
    const auto since = [&](path at) {
        const auto time = is.text_at(at);
        return time.empty() ? std::string("<unknown>") : age_of(time, now);
    };
    const bool  has_first = !is.text_at({"firstTimestamp"}).empty();
    const bool  has_last  = !is.text_at({"lastTimestamp"}).empty();
    const auto  first     = has_first ? since({"firstTimestamp"}) : since({"eventTime"});
    auto        last      = has_last ? since({"lastTimestamp"}) : first;
    auto        times     = std::max<std::int64_t>(1, number(is, {"count"}));
    const auto* series    = is.find("series");
    if (series != nullptr && series->is_map()) {
        last  = since({"series", "lastObservedTime"});
        times = number(*series, {"count"});
    }
    auto       object = lower(text(is, {"involvedObject", "kind"}));
    const auto called = text(is, {"involvedObject", "name"});
    if (!called.empty()) object += "/" + called;
    auto source = text(is, {"source", "component"}), host = text(is, {"source", "host"});
    if (source.empty()) source = text(is, {"reportingComponent"});
    if (host.empty()) host = text(is, {"reportingInstance"});
    if (!host.empty()) source += ", " + host;
    auto       said  = text(is, {"message"});
    const auto begin = said.find_first_not_of(" \t\n\r");
    said =
        begin == said.npos ? "" : said.substr(begin, said.find_last_not_of(" \t\n\r") + 1 - begin);
    return value::list_type{
        last,
        text(is, {"type"}),
        text(is, {"reason"}),
        object,
        text(is, {"involvedObject", "fieldPath"}),
        source,
        said,
        first,
        times,
        name(is),
    };
}

value of_deployment(const value& is, utc_time now) {
    value made = value::list_type{
        name(is),
        std::to_string(number(is, {"status", "readyReplicas"})) + "/" +
            std::to_string(number(is, {"spec", "replicas"}, 1)),
        number(is, {"status", "updatedReplicas"}),
        number(is, {"status", "availableReplicas"}),
        age(is, now),
    };
    add_containers(is, made);
    made.push_back(selector(is.find_path({"spec", "selector"})));
    return made;
}
value of_daemon_set(const value& is, utc_time now) {
    value made = value::list_type{
        name(is),
        number(is, {"status", "desiredNumberScheduled"}),
        number(is, {"status", "currentNumberScheduled"}),
        number(is, {"status", "numberReady"}),
        number(is, {"status", "updatedNumberScheduled"}),
        number(is, {"status", "numberAvailable"}),
        labels(is.find_path({"spec", "template", "spec", "nodeSelector"})),
        age(is, now),
    };
    add_containers(is, made);
    made.push_back(selector(is.find_path({"spec", "selector"})));
    return made;
}
value of_stateful_set(const value& is, utc_time now) {
    value made = value::list_type{
        name(is),
        std::to_string(number(is, {"status", "readyReplicas"})) + "/" +
            std::to_string(number(is, {"spec", "replicas"}, 1)),
        age(is, now),
    };
    add_containers(is, made);
    return made;
}
value of_replica_set(const value& is, utc_time now) {
    value made = value::list_type{
        name(is),
        number(is, {"spec", "replicas"}, 1),
        number(is, {"status", "replicas"}),
        number(is, {"status", "readyReplicas"}),
        age(is, now),
    };
    add_containers(is, made);
    made.push_back(selector(is.find_path({"spec", "selector"})));
    return made;
}

value of_service(const value& is, utc_time now) {
    const auto kind  = text(is, {"spec", "type"});
    auto       inner = text(is, {"spec", "clusterIP"});
    if (const auto* const all = is.find_path({"spec", "clusterIPs"}); all && !all->items().empty())
        inner = shown(&all->items().front(), "");
    std::vector<std::string> outer, ports;
    if (const auto* const all = is.find_path({"spec", "externalIPs"}))
        for (const auto& each : all->items()) outer.push_back(shown(&each, ""));
    if (const auto* const all = is.find_path({"spec", "ports"}))
        for (const auto& each : all->items()) {
            const auto how = text(each, {"protocol"});
            auto       one = std::to_string(number(each, {"port"}));
            if (const auto node = number(each, {"nodePort"}); node > 0)
                one += ":" + std::to_string(node);
            ports.push_back(one + "/" + (how.empty() ? "TCP" : how));
        }
    auto from_outside = joined(outer, ",");
    if (kind == "ExternalName") from_outside = text(is, {"spec", "externalName"});
    if (from_outside.empty()) from_outside = kind == "LoadBalancer" ? "<pending>" : none;
    return value::list_type{
        name(is),
        kind.empty() ? "ClusterIP" : kind,
        inner.empty() ? none : inner,
        from_outside,
        ports.empty() ? none : joined(ports, ","),
        age(is, now),
        labels(is.find_path({"spec", "selector"})),
    };
}

/// There is no kubelet that would say more of it.
value of_pod(const value& is, utc_time now) {
    const auto   all   = count(is.find_path({"spec", "containers"}));
    const auto   known = is.find_path({"status", "containerStatuses"});
    std::int64_t ready = 0, restarts = 0;
    if (known != nullptr)
        for (const auto& each : known->items()) {
            const auto* const good  = each.find("ready");
            ready                  += good != nullptr && good->boolean() == true ? 1 : 0;
            restarts               += number(each, {"restartCount"});
        }
    auto status = text(is, {"status", "reason"});
    if (status.empty()) status = text(is, {"status", "phase"});
    const auto or_none = [](const std::string& what) { return what.empty() ? none : what; };
    return value::list_type{
        name(is),
        std::to_string(ready) + "/" + std::to_string(all),
        status.empty() ? "Pending" : status,
        std::to_string(restarts),
        age(is, now),
        or_none(text(is, {"status", "podIP"})),
        or_none(text(is, {"spec", "nodeName"})),
        or_none(text(is, {"status", "nominatedNodeName"})),
        none,
    };
}

api_column called() {
    return {.name = "Name", .format = "name"};
}
api_column column(const char* name, const char* type = "string") {
    return {.name = name, .type = type};
}
api_column wide(const char* name) {
    return {.name = name, .priority = 1};
}

std::vector<built_in_table> make_tables() {
    const auto                    age  = column("Age");
    const auto                    rbac = "rbac.authorization.k8s.io";
    constexpr auto                hook = "admissionregistration.k8s.io";
    const std::vector<api_column> binding{called(),      column("Role"), age,
                                          wide("Users"), wide("Groups"), wide("ServiceAccounts")};
    const std::vector<api_column> created{called(), column("Created At", "date")};
    const std::vector<api_column> webhooks{called(), column("Webhooks", "integer"), age};
    return {
        {"", "configmaps", {called(), column("Data"), age}, of_config_map},
        {"", "secrets", {called(), column("Type"), column("Data"), age}, of_secret},
        {"", "serviceaccounts", {called(), column("Secrets"), age}, of_account},
        {"", "namespaces", {called(), column("Status"), age}, of_namespace},
        {"",
         "events",
         {column("Last Seen"),
          column("Type"),
          column("Reason"),
          column("Object"),
          wide("Subobject"),
          wide("Source"),
          column("Message"),
          wide("First Seen"),
          wide("Count"),
          {.name = "Name", .priority = 1, .format = "name"}},
         of_event},
        {"",
         "services",
         {called(), column("Type"), column("Cluster-IP"), column("External-IP"), column("Port(s)"),
          age, wide("Selector")},
         of_service},
        {"",
         "pods",
         {called(), column("Ready"), column("Status"), column("Restarts"), age, wide("IP"),
          wide("Node"), wide("Nominated Node"), wide("Readiness Gates")},
         of_pod},
        {"apps",
         "deployments",
         {called(), column("Ready"), column("Up-to-date"), column("Available"), age,
          wide("Containers"), wide("Images"), wide("Selector")},
         of_deployment},
        {"apps",
         "daemonsets",
         {called(), column("Desired", "integer"), column("Current", "integer"),
          column("Ready", "integer"), column("Up-to-date", "integer"),
          column("Available", "integer"), column("Node Selector"), age, wide("Containers"),
          wide("Images"), wide("Selector")},
         of_daemon_set},
        {"apps",
         "statefulsets",
         {called(), column("Ready"), age, wide("Containers"), wide("Images")},
         of_stateful_set},
        {"apps",
         "replicasets",
         {called(), column("Desired", "integer"), column("Current", "integer"),
          column("Ready", "integer"), age, wide("Containers"), wide("Images"), wide("Selector")},
         of_replica_set},
        {"coordination.k8s.io", "leases", {called(), column("Holder"), age}, of_lease},
        {rbac, "roles", created, of_created},
        {rbac, "clusterroles", created, of_created},
        {"apiextensions.k8s.io", "customresourcedefinitions", created, of_created},
        {rbac, "rolebindings", binding, of_binding},
        {rbac, "clusterrolebindings", binding, of_binding},
        {"networking.k8s.io",
         "networkpolicies",
         {called(), column("Pod-Selector"), age},
         of_network_policy},
        {"networking.k8s.io",
         "ingresses",
         {called(), column("Class"), column("Hosts"), column("Address"), column("Ports"), age},
         of_ingress},
        {"autoscaling",
         "horizontalpodautoscalers",
         {called(), column("Reference"), column("Targets"), column("MinPods"), column("MaxPods"),
          column("Replicas"), age},
         of_autoscaler},
        {"policy",
         "poddisruptionbudgets",
         {called(), column("Min Available"), column("Max Unavailable"),
          column("Allowed Disruptions", "integer"), age},
         of_budget},
        {"scheduling.k8s.io",
         "priorityclasses",
         {called(), column("Value", "integer"), column("Global-Default", "boolean"), age,
          column("PreemptionPolicy")},
         of_priority},
        {hook, "mutatingwebhookconfigurations", webhooks, of_webhooks},
        {hook, "validatingwebhookconfigurations", webhooks, of_webhooks},
    };
}

}  // namespace

const built_in_table* table_of(const kube_type& type) {
    static const auto all = make_tables();
    const auto        at  = std::ranges::find_if(all, [&](const built_in_table& each) {
        return each.group == type.group && each.plural == type.plural;
    });
    return at == all.end() ? nullptr : &*at;
}

}  // namespace falconer::sandbox

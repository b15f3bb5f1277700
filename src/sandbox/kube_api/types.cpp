#include "types.hpp"

#include <algorithm>
#include <utility>

namespace falconer::sandbox {
namespace {

constexpr bool clusters_own = false;  // not in a namespace

api_type built_in(
    std::string group, std::string version, std::string kind, std::string plural,
    bool namespaced = true, std::vector<std::string> short_names = {}
) {
    api_type made{
        .type =
            {.group      = std::move(group),
             .version    = std::move(version),
             .kind       = std::move(kind),
             .plural     = std::move(plural),
             .namespaced = namespaced},
        .short_names = std::move(short_names),
        .built_in    = true,
    };
    return made;
}

api_type with_status(api_type type) {
    type.has_status = type.generations = true;
    return type;
}

api_type with_replicas(api_type type) {
    type       = with_status(std::move(type));
    type.scale = scale_paths{".spec.replicas", ".status.replicas", ".spec.selector"};
    return type;
}

/// Of kinds that have no status.
api_type counted(api_type type) {
    type.generations = true;
    return type;
}

/// Of kinds whose wishes nobody counts.
api_type uncounted(api_type type) {
    type.has_status = true;
    return type;
}

api_type gardeners(
    std::string group, std::string version, std::string kind, std::string plural, bool namespaced,
    std::vector<std::string> short_names, std::vector<api_column> columns
) {
    auto made     = with_status(built_in(
        std::move(group), std::move(version), std::move(kind), std::move(plural), namespaced,
        std::move(short_names)
    ));
    made.built_in = false;
    made.columns  = std::move(columns);
    made.columns.push_back({"Age", ".metadata.creationTimestamp", "date"});
    return made;
}

void add_kubernetes(std::list<api_type>& to) {
    const std::string rbac = "rbac.authorization.k8s.io";
    to.push_back(uncounted(built_in("", "v1", "Namespace", "namespaces", clusters_own, {"ns"})));
    to.push_back(uncounted(built_in("", "v1", "Node", "nodes", clusters_own, {"no"})));
    to.push_back(with_status(built_in("", "v1", "Pod", "pods", true, {"po"})));
    to.push_back(uncounted(built_in("", "v1", "Service", "services", true, {"svc"})));
    to.push_back(built_in("", "v1", "Secret", "secrets"));
    to.push_back(built_in("", "v1", "ConfigMap", "configmaps", true, {"cm"}));
    to.push_back(built_in("", "v1", "ServiceAccount", "serviceaccounts", true, {"sa"}));
    to.push_back(built_in("", "v1", "Event", "events", true, {"ev"}));
    to.push_back(with_status(built_in("apps", "v1", "DaemonSet", "daemonsets", true, {"ds"})));
    to.push_back(with_replicas(built_in("apps", "v1", "Deployment", "deployments", true, {"deploy"})
    ));
    to.push_back(with_replicas(built_in("apps", "v1", "StatefulSet", "statefulsets", true, {"sts"}))
    );
    to.push_back(with_replicas(built_in("apps", "v1", "ReplicaSet", "replicasets", true, {"rs"})));
    to.push_back(built_in("coordination.k8s.io", "v1", "Lease", "leases"));
    to.push_back(built_in(rbac, "v1", "Role", "roles"));
    to.push_back(built_in(rbac, "v1", "RoleBinding", "rolebindings"));
    to.push_back(built_in(rbac, "v1", "ClusterRole", "clusterroles", clusters_own));
    to.push_back(built_in(rbac, "v1", "ClusterRoleBinding", "clusterrolebindings", clusters_own));
    to.push_back(counted(
        built_in("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true, {"netpol"})
    ));
    to.push_back(
        with_status(built_in("networking.k8s.io", "v1", "Ingress", "ingresses", true, {"ing"}))
    );
    to.push_back(uncounted(built_in(
        "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true, {"hpa"}
    )));
    to.push_back(with_status(
        built_in("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true, {"pdb"})
    ));
    to.push_back(counted(built_in(
        "scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", clusters_own, {"pc"}
    )));
    to.push_back(with_status(built_in(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
        clusters_own, {"crd", "crds"}
    )));
    const std::string admission = "admissionregistration.k8s.io";
    to.push_back(counted(built_in(
        admission, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations",
        clusters_own
    )));
    to.push_back(counted(built_in(
        admission, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations",
        clusters_own
    )));
}

/// What is only asked, never kept.
void add_reviews(std::list<api_type>& to) {
    const std::string who = "authentication.k8s.io", may = "authorization.k8s.io";
    to.push_back(built_in(who, "v1", "TokenReview", "tokenreviews", clusters_own));
    to.push_back(built_in(who, "v1", "SelfSubjectReview", "selfsubjectreviews", clusters_own));
    to.push_back(built_in(may, "v1", "SubjectAccessReview", "subjectaccessreviews", clusters_own));
    to.push_back(
        built_in(may, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", clusters_own)
    );
    to.push_back(
        built_in(may, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", clusters_own)
    );
}

/// Source: the printer columns of gardener/gardener's CRDs and of its API server.
void add_gardener(std::list<api_type>& to) {
    const std::string core = "core.gardener.cloud", extensions = "extensions.gardener.cloud";
    to.push_back(gardeners(
        core, "v1beta1", "Shoot", "shoots", true, {},
        {{"Last Operation", ".status.lastOperation.state"},
         {"K8S Version", ".spec.kubernetes.version"},
         {"Falco", ".status.constraints[?(@.type==\"Falco\")].message", "string", 1}}
    ));
    to.push_back(gardeners(core, "v1beta1", "Seed", "seeds", clusters_own, {}, {}));
    to.push_back(gardeners(
        core, "v1beta1", "Project", "projects", clusters_own, {},
        {{"Namespace", ".spec.namespace"}, {"Status", ".status.phase"}}
    ));
    to.push_back(gardeners(
        extensions, "v1alpha1", "Extension", "extensions", true, {"ext"},
        {{"Type", ".spec.type"},
         {"Last Operation", ".status.lastOperation.type"},
         {"State", ".status.lastOperation.state"}}
    ));
    to.push_back(gardeners(extensions, "v1alpha1", "Cluster", "clusters", clusters_own, {}, {}));
    to.back().has_status = false;
    to.push_back(gardeners(
        "resources.gardener.cloud", "v1alpha1", "ManagedResource", "managedresources", true, {"mr"},
        {{"Class", ".spec.class"},
         {"Applied", ".status.conditions[?(@.type==\"ResourcesApplied\")].status"},
         {"Healthy", ".status.conditions[?(@.type==\"ResourcesHealthy\")].status"},
         {"Progressing", ".status.conditions[?(@.type==\"ResourcesProgressing\")].status"}}
    ));
    to.push_back(gardeners(
        "falco.gardener.cloud", "v1alpha1", "FalcoProfile", "falcoprofiles", clusters_own, {}, {}
    ));
    to.push_back(gardeners(
        "monitoring.coreos.com", "v1alpha1", "ScrapeConfig", "scrapeconfigs", true, {}, {}
    ));
    to.push_back(gardeners(
        "autoscaling.k8s.io", "v1", "VerticalPodAutoscaler", "verticalpodautoscalers", true,
        {"vpa"}, {}
    ));
}

std::vector<std::string> texts_of(const value* list) {
    std::vector<std::string> texts;
    if (list == nullptr) return texts;
    for (const auto& each : list->items())
        if (each.text() != nullptr) texts.push_back(*each.text());
    return texts;
}

}  // namespace

api_types::api_types() {
    add_kubernetes(types_);
    add_reviews(types_);
    add_gardener(types_);
    for (auto& each : types_) {
        // Source: kubernetes, registry/{core,apps}, CategoriesProvider.
        const auto& plural = each.type.plural;
        const auto& group  = each.type.group;
        if (each.built_in &&
            (group == "apps" || group == "autoscaling" || plural == "pods" || plural == "services"))
            each.categories = {"all"};
        if (plural == "customresourcedefinitions") each.categories = {"api-extensions"};
        if (each.columns.empty()) each.columns = {{"Age", ".metadata.creationTimestamp", "date"}};
    }
}

void api_types::add(api_type type) {
    for (auto& each : types_) {
        if (each.type.group == type.type.group && each.type.version == type.type.version &&
            each.type.plural == type.type.plural) {
            each = std::move(type);
            return;
        }
    }
    types_.push_back(std::move(type));
}

result<void> api_types::add_crd(const value& crd) {
    const auto* const names = crd.find_path({"spec", "names"});
    const std::string group(crd.text_at({"spec", "group"}));
    const auto        plural = crd.text_at({"spec", "names", "plural"});
    const auto        kind   = crd.text_at({"spec", "names", "kind"});
    if (group.empty() || plural.empty() || kind.empty())
        return failure{
            errc::malformed, "spec: group, names.plural and names.kind are all required"
        };
    const auto* const versions = crd.find_path({"spec", "versions"});
    if (versions == nullptr || versions->items().empty())
        return failure{errc::malformed, "spec.versions: at least one is required"};
    for (const auto& version : versions->items()) {
        const auto* const served = version.find("served");
        if (served != nullptr && served->boolean() == false) continue;
        api_type made{
            .type =
                {.group      = group,
                 .version    = std::string(version.text_at({"name"})),
                 .kind       = std::string(kind),
                 .plural     = std::string(plural),
                 .namespaced = crd.text_at({"spec", "scope"}) != "Cluster"},
            .singular    = std::string(crd.text_at({"spec", "names", "singular"})),
            .short_names = texts_of(names->find("shortNames")),
            .categories  = texts_of(names->find("categories")),
            .has_status  = version.find_path({"subresources", "status"}) != nullptr,
            .generations = true,
        };
        if (const auto* scale = version.find_path({"subresources", "scale"});
            scale != nullptr && scale->is_map())
            made.scale = scale_paths{
                std::string(scale->text_at({"specReplicasPath"})),
                std::string(scale->text_at({"statusReplicasPath"})),
                std::string(scale->text_at({"labelSelectorPath"}))
            };
        if (const auto* columns = version.find("additionalPrinterColumns")) {
            for (const auto& each : columns->items()) {
                const auto* const priority = each.find("priority");
                made.columns.push_back({
                    std::string(each.text_at({"name"})),
                    std::string(each.text_at({"jsonPath"})),
                    std::string(each.text_at({"type"})),
                    priority == nullptr ? 0 : static_cast<int>(priority->integer().value_or(0)),
                    std::string(each.text_at({"format"})),
                });
            }
        } else {
            made.columns.push_back({"Age", ".metadata.creationTimestamp", "date"});
        }
        if (const auto* schema = version.find_path({"schema", "openAPIV3Schema"}))
            made.schema = *schema;
        add(std::move(made));
    }
    return {};
}

void api_types::remove_crd(const value& crd) {
    const auto group  = crd.text_at({"spec", "group"});
    const auto plural = crd.text_at({"spec", "names", "plural"});
    std::erase_if(types_, [&](const api_type& each) {
        return each.type.group == group && each.type.plural == plural;
    });
}

const api_type* api_types::find(
    std::string_view group, std::string_view version, std::string_view plural
) const {
    const auto at = std::find_if(types_.begin(), types_.end(), [&](const api_type& each) {
        return each.type.group == group && each.type.version == version &&
               each.type.plural == plural;
    });
    return at == types_.end() ? nullptr : &*at;
}

}  // namespace falconer::sandbox

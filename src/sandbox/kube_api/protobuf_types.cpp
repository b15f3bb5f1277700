#include "protobuf_types.hpp"

#include <algorithm>
#include <array>

namespace falconer::sandbox::proto {
namespace {

constexpr std::array<field, 6> owner_fields{{
    {1, "kind", kind::text},
    {3, "name", kind::text},
    {4, "uid", kind::text},
    {5, "apiVersion", kind::text},
    {6, "controller", kind::flag, nullptr, true},
    {7, "blockOwnerDeletion", kind::flag, nullptr, true},
}};
constexpr message              owner{owner_fields};

constexpr std::array<field, 14> metadata_fields{{
    {1, "name", kind::text},
    {2, "generateName", kind::text},
    {3, "namespace", kind::text},
    {4, "selfLink", kind::text},
    {5, "uid", kind::text},
    {6, "resourceVersion", kind::text},
    {7, "generation", kind::number},
    {8, "creationTimestamp", kind::time},
    {9, "deletionTimestamp", kind::time},
    {10, "deletionGracePeriodSeconds", kind::number, nullptr, true},
    {11, "labels", kind::text_map},
    {12, "annotations", kind::text_map},
    {13, "ownerReferences", kind::parts, &owner},
    {14, "finalizers", kind::texts},
}};
constexpr message               metadata{metadata_fields};

constexpr std::array<field, 4> config_map_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "data", kind::text_map},
    {3, "binaryData", kind::bytes_map},
    {4, "immutable", kind::flag, nullptr, true},
}};
constexpr message              config_map{config_map_fields};

constexpr std::array<field, 5> secret_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "data", kind::bytes_map},
    {3, "type", kind::text},
    {4, "stringData", kind::text_map},
    {5, "immutable", kind::flag, nullptr, true},
}};
constexpr message              secret{secret_fields};

constexpr std::array<field, 1> namespace_spec_fields{{
    {1, "finalizers", kind::texts},
}};
constexpr message              namespace_spec{namespace_spec_fields};

constexpr std::array<field, 1> namespace_status_fields{{
    {1, "phase", kind::text},
}};
constexpr message              namespace_status{namespace_status_fields};

constexpr std::array<field, 3> space_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "spec", kind::part, &namespace_spec},
    {3, "status", kind::part, &namespace_status},
}};
constexpr message              space{space_fields};

constexpr std::array<field, 7> reference_fields{{
    {1, "kind", kind::text},
    {2, "namespace", kind::text},
    {3, "name", kind::text},
    {4, "uid", kind::text},
    {5, "apiVersion", kind::text},
    {6, "resourceVersion", kind::text},
    {7, "fieldPath", kind::text},
}};
constexpr message              reference{reference_fields};

constexpr std::array<field, 1> local_reference_fields{{
    {1, "name", kind::text},
}};
constexpr message              local_reference{local_reference_fields};

constexpr std::array<field, 4> account_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "secrets", kind::parts, &reference},
    {3, "imagePullSecrets", kind::parts, &local_reference},
    {4, "automountServiceAccountToken", kind::flag, nullptr, true},
}};
constexpr message              account{account_fields};

constexpr std::array<field, 2> source_fields{{
    {1, "component", kind::text},
    {2, "host", kind::text},
}};
constexpr message              source{source_fields};

constexpr std::array<field, 14> event_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "involvedObject", kind::part, &reference},
    {3, "reason", kind::text},
    {4, "message", kind::text},
    {5, "source", kind::part, &source},
    {6, "firstTimestamp", kind::time},
    {7, "lastTimestamp", kind::time},
    {8, "count", kind::number},
    {9, "type", kind::text},
    {10, "eventTime", kind::micro_time},
    {12, "action", kind::text},
    {13, "related", kind::part, &reference, true},
    {14, "reportingComponent", kind::text},
    {15, "reportingInstance", kind::text},
}};
constexpr message               event{event_fields};

constexpr std::array<field, 5> rule_fields{{
    {1, "verbs", kind::texts},
    {2, "apiGroups", kind::texts},
    {3, "resources", kind::texts},
    {4, "resourceNames", kind::texts},
    {5, "nonResourceURLs", kind::texts},
}};
constexpr message              rule{rule_fields};

constexpr std::array<field, 3> requirement_fields{{
    {1, "key", kind::text},
    {2, "operator", kind::text},
    {3, "values", kind::texts},
}};
constexpr message              requirement{requirement_fields};

constexpr std::array<field, 2> selector_fields{{
    {1, "matchLabels", kind::text_map},
    {2, "matchExpressions", kind::parts, &requirement},
}};
constexpr message              selector{selector_fields};

constexpr std::array<field, 1> aggregation_fields{{
    {1, "clusterRoleSelectors", kind::parts, &selector},
}};
constexpr message              aggregation{aggregation_fields};

constexpr std::array<field, 2> role_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "rules", kind::parts, &rule},
}};
constexpr message              role{role_fields};

constexpr std::array<field, 3> cluster_role_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "rules", kind::parts, &rule},
    {3, "aggregationRule", kind::part, &aggregation, true},
}};
constexpr message              cluster_role{cluster_role_fields};

constexpr std::array<field, 4> subject_fields{{
    {1, "kind", kind::text},
    {2, "apiGroup", kind::text},
    {3, "name", kind::text},
    {4, "namespace", kind::text},
}};
constexpr message              subject{subject_fields};

constexpr std::array<field, 3> role_reference_fields{{
    {1, "apiGroup", kind::text},
    {2, "kind", kind::text},
    {3, "name", kind::text},
}};
constexpr message              role_reference{role_reference_fields};

constexpr std::array<field, 3> binding_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "subjects", kind::parts, &subject},
    {3, "roleRef", kind::part, &role_reference},
}};
constexpr message              binding{binding_fields};

constexpr std::array<field, 5> lease_spec_fields{{
    {1, "holderIdentity", kind::text, nullptr, true},
    {2, "leaseDurationSeconds", kind::number, nullptr, true},
    {3, "acquireTime", kind::micro_time},
    {4, "renewTime", kind::micro_time},
    {5, "leaseTransitions", kind::number, nullptr, true},
}};
constexpr message              lease_spec{lease_spec_fields};

constexpr std::array<field, 2> lease_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "spec", kind::part, &lease_spec},
}};
constexpr message              lease{lease_fields};

constexpr std::array<field, 5> priority_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "value", kind::number, nullptr, true},
    {3, "globalDefault", kind::flag},
    {4, "description", kind::text},
    {5, "preemptionPolicy", kind::text, nullptr, true},
}};
constexpr message              priority{priority_fields};

constexpr std::array<field, 7> resource_attributes_fields{{
    {1, "namespace", kind::text},
    {2, "verb", kind::text},
    {3, "group", kind::text},
    {4, "version", kind::text},
    {5, "resource", kind::text},
    {6, "subresource", kind::text},
    {7, "name", kind::text},
}};
constexpr message              resource_attributes{resource_attributes_fields};

constexpr std::array<field, 2> path_attributes_fields{{
    {1, "path", kind::text},
    {2, "verb", kind::text},
}};
constexpr message              path_attributes{path_attributes_fields};

constexpr std::array<field, 2> own_access_fields{{
    {1, "resourceAttributes", kind::part, &resource_attributes, true},
    {2, "nonResourceAttributes", kind::part, &path_attributes, true},
}};
constexpr message              own_access{own_access_fields};

constexpr std::array<field, 2> own_access_review_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "spec", kind::part, &own_access},
}};
constexpr message              own_access_review{own_access_review_fields};

constexpr std::array<field, 5> access_fields{{
    {1, "resourceAttributes", kind::part, &resource_attributes, true},
    {2, "nonResourceAttributes", kind::part, &path_attributes, true},
    {3, "user", kind::text},
    {4, "groups", kind::texts},
    {6, "uid", kind::text},
}};
constexpr message              access{access_fields};

constexpr std::array<field, 2> access_review_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "spec", kind::part, &access},
}};
constexpr message              access_review{access_review_fields};

constexpr std::array<field, 1> rules_spec_fields{{
    {1, "namespace", kind::text},
}};
constexpr message              rules_spec{rules_spec_fields};

constexpr std::array<field, 2> rules_review_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "spec", kind::part, &rules_spec},
}};
constexpr message              rules_review{rules_review_fields};

constexpr std::array<field, 1> self_review_fields{{
    {1, "metadata", kind::part, &metadata},
}};
constexpr message              self_review{self_review_fields};

constexpr std::array<field, 2> token_fields{{
    {1, "token", kind::text},
    {2, "audiences", kind::texts},
}};
constexpr message              token{token_fields};

constexpr std::array<field, 2> token_review_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "spec", kind::part, &token},
}};
constexpr message              token_review{token_review_fields};

constexpr std::array<field, 4> bound_fields{{
    {1, "kind", kind::text},
    {2, "apiVersion", kind::text},
    {3, "name", kind::text},
    {4, "uid", kind::text},
}};
constexpr message              bound{bound_fields};

constexpr std::array<field, 3> token_wish_fields{{
    {1, "audiences", kind::texts},
    {3, "boundObjectRef", kind::part, &bound, true},
    {4, "expirationSeconds", kind::number, nullptr, true},
}};
constexpr message              token_wish{token_wish_fields};

constexpr std::array<field, 2> token_request_fields{{
    {1, "metadata", kind::part, &metadata},
    {2, "spec", kind::part, &token_wish},
}};
constexpr message              token_request{token_request_fields};

constexpr std::array<field, 2> preconditions_fields{{
    {1, "uid", kind::text, nullptr, true},
    {2, "resourceVersion", kind::text, nullptr, true},
}};
constexpr message              preconditions{preconditions_fields};

constexpr std::array<field, 5> deletion_fields{{
    {1, "gracePeriodSeconds", kind::number, nullptr, true},
    {2, "preconditions", kind::part, &preconditions, true},
    {3, "orphanDependents", kind::flag, nullptr, true},
    {4, "propagationPolicy", kind::text, nullptr, true},
    {5, "dryRun", kind::texts},
}};
constexpr message              deletion{deletion_fields};

struct named_message {
    std::string_view api_version{}, called{};
    const message*   is = nullptr;
};
constexpr std::string_view rbac = "rbac.authorization.k8s.io/v1", may = "authorization.k8s.io/v1",
                           who = "authentication.k8s.io/v1";
constexpr std::array<named_message, 18> all{{
    {"v1", "ConfigMap", &config_map},
    {"v1", "Secret", &secret},
    {"v1", "Namespace", &space},
    {"v1", "ServiceAccount", &account},
    {"v1", "Event", &event},
    {"v1", "DeleteOptions", &deletion},
    {rbac, "Role", &role},
    {rbac, "ClusterRole", &cluster_role},
    {rbac, "RoleBinding", &binding},
    {rbac, "ClusterRoleBinding", &binding},
    {"coordination.k8s.io/v1", "Lease", &lease},
    {"scheduling.k8s.io/v1", "PriorityClass", &priority},
    {may, "SelfSubjectAccessReview", &own_access_review},
    {may, "SubjectAccessReview", &access_review},
    {may, "SelfSubjectRulesReview", &rules_review},
    {who, "SelfSubjectReview", &self_review},
    {who, "TokenReview", &token_review},
    {who, "TokenRequest", &token_request},
}};

}  // namespace

const message* message_of(std::string_view api_version, std::string_view called) {
    const auto at = std::ranges::find_if(all, [&](const named_message& each) {
        return each.api_version == api_version && each.called == called;
    });
    return at == all.end() ? nullptr : at->is;
}

}  // namespace falconer::sandbox::proto

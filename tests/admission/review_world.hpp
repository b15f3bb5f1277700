// Reviews of a Shoot, and a small garden that they are answered from.
#pragma once

#include "falconer/falco/review.hpp"
#include "support/yaml.hpp"

#include <functional>
#include <memory>
#include <string>

namespace falconer::admissions {

/// A garden with one project.
class small_garden final : public falco::garden_view {
public:
    const value* namespace_named(std::string_view name) const override {
        if (asked) asked(name);
        return name == "garden-a" ? &space_ : nullptr;
    }
    const value* project_of(std::string_view name) const override {
        return name == "garden-a" ? &project_ : nullptr;
    }
    const falco::releases& offered() const override { return offered_; }
    falco::seen_rules      custom_rules(std::string_view, std::string_view) const override {
        if (rules.files.empty()) return {};
        return {.is = falco::sight::known, .files = {std::shared_ptr<void>(), &rules}};
    }
    falco::seen_secret secret(std::string_view, std::string_view) const override { return {}; }

    falco::custom_rule_files              rules{};  // of any ConfigMap; empty: none can be seen
    std::function<void(std::string_view)> asked{};  // for a namespace of that name; it may throw

private:
    static falco::releases releases() {
        falco::falco_profile profile{.name = "p"};
        profile.falco.push_back(
            {.version       = "0.43.0",
             .is            = falco::classification::supported,
             .rules_version = "5.1.0",
             .image         = "falco:0.43.0"}
        );
        return falco::merge({profile});
    }
    value           space_   = testing::yaml("metadata: {name: garden-a}");
    value           project_ = testing::yaml("metadata: {name: a}\nspec: {namespace: garden-a}");
    falco::releases offered_ = releases();
};

/// `config`: of the extension; empty: it has none.
inline std::string review(const char* config, const char* version = "v1") {
    auto made          = testing::yaml(R"(
apiVersion: admission.k8s.io/v1
kind: AdmissionReview
request:
  uid: u-1
  kind: {group: core.gardener.cloud, version: v1beta1, kind: Shoot}
  resource: {group: core.gardener.cloud, version: v1beta1, resource: shoots}
  name: s
  namespace: garden-a
  operation: CREATE
  userInfo: {username: somebody}
  object:
    apiVersion: core.gardener.cloud/v1beta1
    kind: Shoot
    metadata: {name: s, namespace: garden-a}
    spec:
      extensions:
      - type: shoot-falco-service
)");
    made["apiVersion"] = std::string("admission.k8s.io/") + version;
    if (*config != 0)
        made["request"]["object"]["spec"]["extensions"].item(0)["providerConfig"] =
            testing::yaml(config);
    return json_text(made);
}

inline constexpr auto good = R"(
apiVersion: falco.extensions.gardener.cloud/v1alpha1
kind: FalcoServiceConfig
falcoVersion: 0.43.0
autoUpdate: true
rules: {standard: [falco-rules]}
destinations: [{name: stdout}]
)";

}  // namespace falconer::admissions

// A small garden and reviews of it, as tests write them.
#pragma once

#include "falconer/base64.hpp"
#include "falconer/falco/review.hpp"
#include "falconer/rfc3339.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace falconer::falco {

using ::falconer::testing::yaml;

inline constexpr auto config_header =
    "apiVersion: falco.extensions.gardener.cloud/v1alpha1\nkind: FalcoServiceConfig\n";

inline value config_of(const std::string& fields) {
    return yaml(config_header + fields);
}

/// What config/examples/profile.yaml offers, in short.
inline releases some_releases() {
    auto decoded = decode_falco_profile(yaml(R"(
apiVersion: falco.gardener.cloud/v1alpha1
kind: FalcoProfile
metadata: {name: falco}
spec:
  versions:
    falco:
    - {version: 0.40.0, rulesVersion: 3.2.0, classification: deprecated, expirationDate: "2026-07-31T23:59:59Z"}
    - {version: 0.41.3, rulesVersion: 4.0.0, classification: deprecated, expirationDate: "2027-01-31T23:59:59Z"}
    - {version: 0.42.1, rulesVersion: 5.0.0, classification: supported, expirationDate: "2026-06-30T23:59:59Z"}
    - {version: 0.43.0, rulesVersion: 5.0.0, classification: supported}
    - {version: 0.44.1, rulesVersion: 5.1.0, classification: preview}
    - {version: 0.45.0, rulesVersion: 5.1.0, classification: preview, expirationDate: "2026-10-31T00:00:00Z"}
    falcoctl:
    - {version: 0.11.4, classification: supported}
)"));
    EXPECT_TRUE(decoded.problems.empty());
    return merge({decoded.profile});
}

struct small_garden final : garden_view {
    std::map<std::string, value, std::less<>>             namespaces{}, projects{};
    std::map<std::string, custom_rule_files, std::less<>> rules{};  // "garden-foo/mine"
    std::map<std::string, value, std::less<>>             secrets{};
    sight                                                 others = sight::cannot_be_seen;
    releases                                              there  = some_releases();

    const value* namespace_named(std::string_view name) const override {
        const auto found = namespaces.find(name);
        return found == namespaces.end() ? nullptr : &found->second;
    }
    const value* project_of(std::string_view name) const override {
        const auto found = projects.find(name);
        return found == projects.end() ? nullptr : &found->second;
    }
    const releases& offered() const override { return there; }
    seen_rules      custom_rules(std::string_view in, std::string_view name) const override {
        const auto found = rules.find(std::string(in) + '/' + std::string(name));
        if (found == rules.end()) return {.is = others};
        return {.is = sight::known, .files = {std::shared_ptr<void>(), &found->second}};
    }
    seen_secret secret(std::string_view in, std::string_view name) const override {
        const auto found = secrets.find(std::string(in) + '/' + std::string(name));
        if (found == secrets.end()) return {.is = others};
        return {.is = sight::known, .object = &found->second};
    }
};

inline value annotated(const std::string& key, const std::string& text) {
    return value{{"metadata", {{"annotations", {{key, text}}}}}};
}

/// What a review was answered.
struct answer {
    value response{};

    bool         allowed() const { return response.find("allowed")->boolean().value(); }
    std::string  message() const { return std::string(response.text_at({"status", "message"})); }
    std::int64_t code() const {
        const auto* found = response.find_path({"status", "code"});
        return found == nullptr ? 0 : found->integer().value_or(0);
    }
    std::vector<std::string> warnings() const {
        std::vector<std::string> all;
        if (const auto* list = response.find("warnings"))
            for (const auto& each : list->items()) all.push_back(*each.text());
        return all;
    }
    /// Null: none.
    value patch() const {
        const auto* coded = response.find("patch");
        if (coded == nullptr) return {};
        EXPECT_EQ(response.text_at({"patchType"}), "JSONPatch");
        return *parse_json(*decode_base64(*coded->text()));
    }
};

class Review : public ::testing::Test {
protected:
    static value object(const std::string& kind, const value& config) {
        value entry{{"type", "shoot-falco-service"}};
        if (!config.is_null()) entry["providerConfig"] = config;
        value made{
            {"apiVersion", "core.gardener.cloud/v1beta1"},
            {"kind", kind},
            {"metadata", {{"name", "one"}}},
            {"spec",
             {{"extensions",
               value::list_type{value{{"type", "shoot-dns-service"}}, std::move(entry)}}}},
        };
        if (kind == "Shoot") made["metadata"]["namespace"] = "garden-foo";
        return made;
    }
    static value shoot(const value& config) { return object("Shoot", config); }
    static value seed(const value& config) { return object("Seed", config); }
    static void  refer(
         value& object, const std::string& name, const std::string& kind, const std::string& to,
         const std::string& version = "v1"
     ) {
        object["spec"]["resources"].push_back(value{
            {"name", name},
            {"resourceRef", {{"apiVersion", version}, {"kind", kind}, {"name", to}}},
        });
    }
    static value review(const value& after, const std::optional<value>& before = {}) {
        return value{
            {"apiVersion", "admission.k8s.io/v1"},
            {"kind", "AdmissionReview"},
            {"request",
             {{"uid", "u-1"},
              {"kind",
               {{"group", "core.gardener.cloud"},
                {"version", "v1beta1"},
                {"kind", after.text_at({"kind"})}}},
              {"operation", before ? "UPDATE" : "CREATE"},
              {"object", after},
              {"oldObject", before.value_or(value{})}}},
        };
    }

    answer ask(review_phase phase, const value& asked) {
        const review_settings settings{
            .operators       = operators,
            .known           = known,
            .usage           = usage,
            .central_logging = central_logging,
            .otlp            = otlp,
            .rules           = linter,
        };
        auto got = answer_review(asked, phase, garden, settings, now);
        if (!got) {
            ADD_FAILURE() << got.error().detail;
            return {value{{"allowed", false}}};
        }
        EXPECT_EQ(got->text_at({"response", "uid"}), "u-1");
        return {*got->find("response")};
    }
    answer validate(const value& after, const std::optional<value>& before = {}) {
        return ask(review_phase::validate, review(after, before));
    }
    answer mutate(const value& after, const std::optional<value>& before = {}) {
        return ask(review_phase::mutate, review(after, before));
    }
    /// The object with the patch applied.
    value mutated(const value& after, const std::optional<value>& before = {}) {
        const auto got = mutate(after, before);
        EXPECT_TRUE(got.allowed()) << got.message();
        auto       made  = after;
        const auto patch = got.patch();
        for (const auto& each : patch.items()) {
            const auto path = each.text_at({"path"});
            const auto is   = *each.find("value");
            auto&      spec = made["spec"];
            if (path == "/spec/extensions")
                spec["extensions"] = is;
            else if (path == "/spec/extensions/-")
                spec["extensions"].push_back(is);
            else
                spec["extensions"].item(path.find("/0/") == path.npos ? 1 : 0)["providerConfig"] =
                    is;
        }
        return made;
    }
    static value config_in(const value& object) {
        return *object.find_path({"spec", "extensions"})->items().back().find("providerConfig");
    }
    /// "name" or "name(off)", in their order.
    static std::vector<std::string> destinations_in(const value& object) {
        std::vector<std::string> all;
        const auto               config = config_in(object);
        for (const auto& each : config.find("destinations")->items()) {
            const auto* on  = each.find("enabled");
            const bool  off = on != nullptr && !on->boolean().value_or(true);
            all.push_back(std::string(each.text_at({"name"})) + (off ? "(off)" : ""));
        }
        return all;
    }

    static global_default global(const std::string& name, const std::string& key) {
        return {.name = name, .key = key, .stanza = value{{"url", "https://h"}}};
    }
    void offer_central() {
        operators.central.enabled = true;
        operators.central.url     = "https://central";
    }
    void restrict_central() { central_logging = allowance::annotated_namespaces; }

    static utc_time at(const char* text) {
        const auto read = std::get<event_time>(parse_rfc3339(text));
        return utc_time(std::chrono::seconds(read.seconds));
    }

    small_garden      garden{};
    operator_settings operators{};
    landscape         known           = landscape::known;
    allowance         usage           = allowance::everybody;
    allowance         central_logging = allowance::everybody;
    otlp_logging      otlp            = otlp_logging::off;
    const rule_check* linter          = nullptr;
    utc_time          now             = at("2026-11-27T12:00:00Z");
};

/// A config that nothing is wrong with.
inline constexpr auto sane =
    "falcoVersion: 0.43.0\nautoUpdate: true\nrules: {standard: [falco-rules]}\n"
    "destinations: [{name: logging}]\n";

}  // namespace falconer::falco

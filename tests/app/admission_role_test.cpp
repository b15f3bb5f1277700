// The role against the sandbox's API, over HTTPS both ways.
#include "app/admission_role.hpp"

#include "app/local_api.hpp"
#include "falconer/steady_time_source.hpp"
#include "k8s/kube_client.hpp"
#include "sandbox/fleet/demo_files.hpp"
#include "support/actor_fixture.hpp"
#include "support/temporary_folder.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <optional>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
const kube_type shoots{
    .group = "core.gardener.cloud", .version = "v1beta1", .kind = "Shoot", .plural = "shoots"
};
const kube_type profiles{
    .group      = "falco.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "FalcoProfile",
    .plural     = "falcoprofiles",
    .namespaced = false
};

class AdmissionRoleTest : public ::testing::Test {
protected:
    asio::io_context                loop{1};
    steady_time_source              time{loop.get_executor()};
    test::temporary_folder          place{"falconer-admission"};
    const std::filesystem::path&    folder = place.path();
    local_api                       api{loop.get_executor(), time, {.folder = folder}};
    metrics_registry                metrics{};
    rules_stock_options             rules{.section = "admission"};
    std::optional<rules_stock>      stock{};
    falco::operator_settings        operators{};
    std::unique_ptr<admission_role> role{};
    std::unique_ptr<kube_api>       client{};

    void SetUp() override {
        const auto started = api.start();
        ASSERT_TRUE(started) << started.error().detail;
        auto& store = api.store();
        ASSERT_TRUE(store.create(
            profiles, {}, testing::yaml(sandbox::demo_file("examples/profile.yaml")), {}
        ));
        for (const auto* name : {"garden", "garden-demo"})
            ASSERT_TRUE(store.create(namespaces, {{}, name}, value::map(), {}));
        auto made = k8s::make_kube_client(
            loop.get_executor(), time, *k8s::read_kubeconfig_file(api.kubeconfig_file()), {}
        );
        ASSERT_TRUE(made);
        client = std::move(*made);
    }
    void TearDown() override {
        if (stock) test::run(loop, stock->stop());
        if (role) test::run(loop, role->stop());
        test::run(loop, api.stop());
    }

    void begin(admission_configuration how = {}) {
        how.listen          = {asio::ip::address_v4::loopback(), 0};
        how.mode            = webhook_mode::url;
        how.kubeconfig      = api.kubeconfig_file();
        how.namespace_name  = "garden";
        how.leader_election = false;
        stock.emplace(loop.get_executor(), time, metrics, rules);
        ASSERT_TRUE(stock->start());
        role = std::make_unique<admission_role>(
            loop.get_executor(), time, metrics, how, operators, *stock
        );
        EXPECT_THAT(role->not_ready(), Not(IsEmpty()));
        const auto started = role->start();
        ASSERT_TRUE(started) << started.error().detail;
        test::eventually(loop, [&] { return role->not_ready().empty(); });
        ASSERT_THAT(role->not_ready(), IsEmpty());
    }
    result<value> create(const char* config) {
        auto shoot                     = value{};
        shoot["metadata"]["name"]      = "s";
        shoot["metadata"]["namespace"] = "garden-demo";
        shoot["spec"]["extensions"]    = testing::yaml("[{type: shoot-falco-service}]");
        shoot["spec"]["resources"] =
            testing::yaml("[{name: own, resourceRef: {apiVersion: v1, kind: ConfigMap, name: own}}]"
            );
        shoot["spec"]["extensions"].item(0)["providerConfig"] = testing::yaml(config);
        return test::run(loop, client->create(shoots, {"garden-demo", "s"}, shoot, {}));
    }
};

TEST_F(AdmissionRoleTest, DefaultsAreWrittenBackAndMistakesRefused) {
    begin();
    const auto wrong = create(
        "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: "
        "FalcoServiceConfig, falcoVersion: 9.9.9}"
    );
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, errc::denied);
    EXPECT_THAT(wrong.error().detail, HasSubstr("9.9.9"));
    const auto made =
        create("{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig}");
    ASSERT_TRUE(made) << made.error().detail;
    const auto& extension = made->find_path({"spec", "extensions"})->items().front();
    EXPECT_EQ(extension.text_at({"providerConfig", "falcoVersion"}), "0.43.0");
}

TEST_F(AdmissionRoleTest, AChangedGlobalDefaultReachesAnExistingShootAndItsOwnerHears) {
    operators.global_defaults = {
        {.name = "audit", .key = "kafka", .stanza = value{{"hostport", "h:1"}}}
    };
    auto shoot = testing::yaml(R"(
metadata: {labels: {extensions.extensions.gardener.cloud/shoot-falco-service: "true"}}
spec:
  extensions:
  - type: shoot-falco-service
    providerConfig:
      apiVersion: falco.extensions.gardener.cloud/v1alpha1
      kind: FalcoServiceConfig
      falcoVersion: 0.43.0
      autoUpdate: false
      rules: {standard: [falco-rules]}
      destinations: [{name: gone}, {name: logging}]
)");
    // As it stood there before the landscape's destinations changed.
    ASSERT_TRUE(api.store().create(shoots, {"garden-demo", "s"}, shoot, {}));
    begin();
    ASSERT_TRUE(api.store().patch(
        shoots, {"garden-demo", "s"}, sandbox::api_patch_kind::merge,
        testing::yaml("metadata: {annotations: {gardener.cloud/operation: maintain}}"), {}
    ));
    const auto names = [&] {
        std::string all;
        const auto  is = api.store().get(shoots, {"garden-demo", "s"});
        const auto& of = is->find_path({"spec", "extensions"})->items().front();
        for (const auto& each : of.find_path({"providerConfig", "destinations"})->items())
            all += std::string(each.text_at({"name"})) + ' ';
        return all;
    };
    EXPECT_TRUE(test::eventually(loop, [&] { return names() == "logging audit "; })) << names();
    const auto told = [&] {
        std::string all;
        const auto  page = api.store().list(
            {.kind = "Event", .plural = "events"}, {.namespace_name = "garden-demo"}, {.limit = 0}
        );
        for (const auto& each : page->items)
            all += std::string(each.text_at({"reason"})) + ": " +
                   std::string(each.text_at({"message"}));
        return all;
    };
    EXPECT_TRUE(test::eventually(loop, [&] { return !told().empty(); }));
    EXPECT_EQ(
        told(),
        "FalcoDestinationsChanged: Destinations in the config of Falco: 'gone' is taken "
        "away: the landscape has it no longer; 'audit', which the landscape wants, is "
        "added; \"enabled: false\" turns it off"
    );
}

constexpr auto own_rules =
    "data: {own.yaml: \"- rule: a\\n  desc: b\\n  condition: spawned_process and "
    "mine\\n  output: c\\n  priority: INFO\\n- macro: mine\\n  condition: "
    "evt.type = open\\n\"}";

TEST_F(AdmissionRoleTest, CustomRulesAreReadBehindWhatIsPulledWhileItRuns) {
    // Of a folder that has nothing yet: what profiles name is pulled as it comes.
    const auto from          = folder / "mirror" / "5.0.0";
    rules.source.source.from = (folder / "mirror").string();
    rules.source.cache       = folder / "cache";
    rules.source.every       = 60s;
    rules.source.first_pause = 0s;
    std::filesystem::create_directories(from);
    std::ofstream(from / "falco_rules.yaml") << "- list: nothing\n  items: []\n";
    ASSERT_TRUE(api.store().create(
        {.kind = "ConfigMap", .plural = "configmaps"}, {"garden-demo", "own"},
        testing::yaml(own_rules), {}
    ));
    begin();
    ASSERT_TRUE(test::eventually(loop, [&] { return stock->rules()->contains("5.0.0"); }));
    const auto refused = create(
        "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig, "
        "falcoVersion: 0.43.0, rules: {standard: [falco-rules], custom: [{resourceName: own}]}}"
    );
    ASSERT_FALSE(refused) << "without the standard files nobody could say that";
    EXPECT_THAT(refused.error().detail, HasSubstr("there is no macro 'spawned_process'"));
}

TEST_F(AdmissionRoleTest, ItMayLeaveBeforeItHasBegun) {
    stock.emplace(loop.get_executor(), time, metrics, rules);
    role = std::make_unique<admission_role>(
        loop.get_executor(), time, metrics, admission_configuration{}, falco::operator_settings{},
        *stock
    );
    EXPECT_FALSE(role->start()) << "there is neither a kubeconfig nor a pod";
}

TEST(AdmissionConfigurationTest, SaysWhatIsWrongTogether) {
    admission_configuration how;
    EXPECT_THAT(how.problems(), IsEmpty());
    how.mode = webhook_mode::url;
    EXPECT_THAT(how.problems(), ::testing::ElementsAre(HasSubstr("admission.url")));
    how.url = "http://somewhere";
    EXPECT_THAT(how.problems(), ::testing::ElementsAre(HasSubstr("http://somewhere")));
    how.url                 = "svc.garden";
    how.certificates.leaf   = 2000h;
    how.certificates.settle = 400h;
    EXPECT_THAT(how.problems(), ::testing::SizeIs(2));
}

TEST(AdmissionConfigurationTest, TheEnvironmentFillsInAndRestrictedUsageOverrides) {
    const auto set = [](const char* name, const char* text) { ::setenv(name, text, 1); };
    admission_configuration how;
    how.namespace_name = "mine";
    set("GARDEN_KUBECONFIG", "/garden");
    set("KUBECONFIG", "/other");
    set("SOURCE_CLUSTER", "enabled");
    set("WEBHOOK_CONFIG_NAMESPACE", "theirs");
    set("RESTRICTED_USAGE", "T");
    apply_environment(how);
    EXPECT_EQ(how.kubeconfig, "/garden");
    EXPECT_TRUE(how.source_in_cluster);
    EXPECT_EQ(how.namespace_name, "mine");
    EXPECT_EQ(how.usage, falco::allowance::annotated_namespaces);
    set("RESTRICTED_USAGE", "perhaps");
    apply_environment(how);
    EXPECT_EQ(how.usage, falco::allowance::annotated_namespaces)
        << "what is no boolean says nothing";
    set("RESTRICTED_USAGE", "0");
    set("SOURCE_KUBECONFIG", "/source");
    apply_environment(how);
    EXPECT_EQ(how.usage, falco::allowance::everybody);
    EXPECT_EQ(how.source_kubeconfig, "/source");
    EXPECT_FALSE(how.source_in_cluster);
    for (const auto* name :
         {"GARDEN_KUBECONFIG", "KUBECONFIG", "SOURCE_CLUSTER", "SOURCE_KUBECONFIG",
          "WEBHOOK_CONFIG_NAMESPACE", "RESTRICTED_USAGE"})
        ::unsetenv(name);
}

}  // namespace
}  // namespace falconer::app

// How objects get into Secrets for the resource manager.
#include "support/seed_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace falconer::actors {
namespace {

using falco::managed_resources;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};

class ManagedDeliveryTest : public test::seed_world {
protected:
    void SetUp() override {
        seed_world::SetUp();
        // As large as the real ones.
        const auto text = "- rule: x\n" + std::string(50'000, '#') + '\n';
        rules           = std::make_shared<falco::rule_catalogue>(falco::rule_catalogue{
                      {"4.0.0", {{"falco_rules.yaml", text}}},
                      {"5.0.0", {{"falco_rules.yaml", text}}},
                      {"5.1.0", {{"falco_rules.yaml", text}}},
        });
    }
    kube_key of(const std::string& space) const {
        return {space, "extension-shoot-falco-service-shoot"};
    }
    std::vector<std::string> secrets_of(const std::string& space) {
        return falco::secrets_of(must(seed.get(managed_resources, of(space))));
    }
};

TEST_F(ManagedDeliveryTest, S14_RulesTravelInASecretOfTheirOwnCompressedOnceForAllShoots) {
    start_controller();
    const auto a = add_shoot("a"), b = add_shoot("b"), c = add_shoot("c");
    settle();
    for (const auto& each : {a, b, c}) EXPECT_TRUE(gardenlet_is_content(each));
    EXPECT_EQ(us->facts.parts->made(), 1u);
    const auto of_a = secrets_of("shoot--p--a"), of_b = secrets_of("shoot--p--b");
    ASSERT_THAT(of_a, SizeIs(2));
    const auto shared = std::ranges::count_if(of_a, [&](const auto& name) {
        return std::ranges::find(of_b, name) != of_b.end();
    });
    EXPECT_GE(shared, 1) << "named after their content";
    EXPECT_TRUE(is_there(shoot("shoot--p--b"), config_maps, {"kube-system", "falco-rules"}));

    must(seed.remove(extensions, a, {}));
    pass(30s);
    EXPECT_EQ(state(a), "gone");
    EXPECT_THAT(names(secrets, "shoot--p--a"), IsEmpty()) << "they go with it";
}

}  // namespace
}  // namespace falconer::actors

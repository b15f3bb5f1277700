// How objects get into Secrets for the resource manager.
#include "falconer/base64.hpp"
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

/// What stands in the way under the name of a Secret of ours, and what becomes of it.
class ManagedDeliveryInTheWayTest : public ManagedDeliveryTest {
protected:
    kube_key                     key{};
    kube_key                     first{};
    value                        good{};
    inline static const kube_key falco_set{"kube-system", "falco"};

    /// Delivers once to know the names, and takes all but the Extension away again.
    void SetUp() override {
        ManagedDeliveryTest::SetUp();
        start_controller();
        key = add_shoot("a");
        settle();
        first = {"shoot--p--a", secrets_of("shoot--p--a").front()};
        good  = must(seed.get(secrets, first));
        stop_controller();
        must(seed.remove(managed_resources, of("shoot--p--a"), {}));
        must(seed.remove(secrets, first, {}));
        settle();
    }
    void put_in_the_way(value object) {
        object["metadata"].erase("resourceVersion");
        object["metadata"].erase("uid");
        must(seed.create(secrets, first, std::move(object), {}));
    }
    void deliver() {
        ask(key, "reconcile");
        start_controller();
        pass(30s);
        EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
        EXPECT_TRUE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set));
    }
    value data() { return *must(seed.get(secrets, first)).find("data"); }
};

TEST_F(ManagedDeliveryInTheWayTest, AForeignSecretUnderOurNameIsReplaced) {
    put_in_the_way(testing::yaml("{immutable: true, data: {other: YQ==}}"));
    deliver();
    EXPECT_EQ(data(), *good.find("data"));
}

TEST_F(ManagedDeliveryInTheWayTest, AHalfWrittenOneIsReplaced) {
    auto       half              = good;
    const auto text              = std::string(good.text_at({"data", "data.yaml.br"}));
    half["data"]["data.yaml.br"] = text.substr(0, text.size() / 8 * 4);
    put_in_the_way(half);
    deliver();
    EXPECT_EQ(data(), *good.find("data"));
}

TEST_F(ManagedDeliveryInTheWayTest, TheSameContentCompressedByAnotherIsAsGood) {
    auto       other   = good;
    const auto objects = falco::objects_in(good);
    ASSERT_TRUE(objects);
    std::string text;
    for (const auto& each : *objects) text += "---\n" + json_text(each) + '\n';
    other["data"] = value{{"data.yaml", encode_base64(text)}};
    other["metadata"].erase("labels");
    put_in_the_way(other);
    const auto        before = must(seed.get(secrets, first));
    const std::string uid(before.text_at({"metadata", "uid"}));
    deliver();
    const auto after = must(seed.get(secrets, first));
    EXPECT_EQ(after.text_at({"metadata", "uid"}), uid);
    EXPECT_EQ(after.text_at({"metadata", "labels", falco::collectable_label}), "true");
}

TEST_F(ManagedDeliveryInTheWayTest, OneThatIsReferredToAndCannotBeReadIsMended) {
    // The resource manager could not decode it, and whoever looks again finds all names right.
    deliver();
    must(seed.remove(secrets, first, {}));
    put_in_the_way(testing::yaml("{immutable: true, data: {data.yaml.br: YQ==}}"));
    value broken;
    broken["status"] = testing::yaml(
        "conditions: [{type: ResourcesApplied, status: 'False', reason: DecodingFailed, message: "
        "x}, {type: ResourcesProgressing, status: 'False', reason: x, message: x}]"
    );
    must(seed.patch(
        managed_resources, of("shoot--p--a"), sandbox::api_patch_kind::merge, broken,
        {.part = kube_part::status}
    ));
    ask(key, "reconcile");
    pass(30s);
    EXPECT_EQ(data(), *good.find("data"));
}

}  // namespace
}  // namespace falconer::actors

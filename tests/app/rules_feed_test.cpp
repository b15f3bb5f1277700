#include "app/rules_feed.hpp"

#include "falconer/task_scope.hpp"
#include "oci/artifact_fixture.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The feed of a controller, with a source that the test holds.
class borrowed final : public oci::rules_source {
public:
    explicit borrowed(oci::rules_source& from) : from_(from) {}
    task<result<oci::rules_file>> fetch(
        std::string artifact, std::string version, std::optional<oci::digest> pin
    ) override {
        return from_.fetch(std::move(artifact), std::move(version), std::move(pin));
    }

private:
    oci::rules_source& from_;
};

class RulesFeedTest : public test::actor_fixture {
protected:
    test::temporary_folder    folder{};
    test::fake_rules          from{};
    metrics_registry          metrics{};
    std::set<std::string>     wanted{};
    std::vector<std::string>  gained{};
    std::optional<rules_feed> feed{};
    falco::rule_catalogue     cached{};

    void               begin() { begin(scope); }
    rules_feed_options opt{};

    void begin(task_scope& in) {
        opt.source.from = "memory";
        opt.cache       = folder / "cache";
        opt.artifacts   = {"falco-rules", "falco-sandbox-rules"};
        feed.emplace(
            time, metrics, opt,
            [this]() -> result<std::unique_ptr<oci::rules_source>> {
                return std::unique_ptr<oci::rules_source>(std::make_unique<borrowed>(from));
            },
            rules_feed::neighbours{
                .wanted = [this] { return wanted; },
                .gained = [this](
                              const std::string& version, const falco::rule_set& files
                          ) { gained.push_back(version + ": " + std::to_string(files.size())); },
                .chance = [] { return 0.5; }
            }
        );
        cached = feed->cached();
        in.spawn("feed", feed->run());
        time.settle();
    }
    /// A process that has pulled 5.0.0 and ends.
    void live_once() {
        publish("5.0.0");
        task_scope once{loop.get_executor()};
        begin(once);
        want("5.0.0");
        asio::co_spawn(loop, once.stop(), [](const std::exception_ptr&) {});
        time.settle();
        feed.reset();
        wanted.clear();
        gained.clear();
        from.asked.clear();
    }
    void publish(const std::string& version) {
        from.files["falco-rules:" + version]         = "- list: a\n";
        from.files["falco-sandbox-rules:" + version] = "- list: b\n";
    }
    void want(const std::string& version) {
        wanted.insert(version);
        feed->look();
        time.settle();
    }
};

TEST_F(RulesFeedTest, ANewVersionIsPulledWhenAProfileNamesIt) {
    publish("5.0.0");
    begin();
    EXPECT_THAT(from.asked, IsEmpty());
    want("5.0.0");
    EXPECT_THAT(gained, ElementsAre("5.0.0: 2"));
    EXPECT_EQ(test::read(folder / "cache/5.0.0/falco_rules.yaml"), "- list: a\n");
    time.advance(10h);
    EXPECT_EQ(from.asked.size(), 2u);
    EXPECT_THAT(metrics.expose(), HasSubstr("falconer_rules_missing_versions 0"));
}

TEST_F(RulesFeedTest, ARegistryThatIsAwayIsAskedMoreAndMoreSeldom) {
    from.trouble = failure{errc::unavailable, "away"};
    begin();
    want("5.0.0");
    EXPECT_EQ(from.asked.size(), 1u);
    feed->look();  // somebody else's change is no reason to hurry
    time.settle();
    EXPECT_EQ(from.asked.size(), 1u);
    time.advance(16s);
    EXPECT_EQ(from.asked.size(), 2u);
    time.advance(16s);
    EXPECT_EQ(from.asked.size(), 2u);
    time.advance(24h);
    EXPECT_GT(from.asked.size(), 20u);
    EXPECT_LT(from.asked.size(), 40u);
    EXPECT_THAT(metrics.expose(), HasSubstr("falconer_rules_missing_versions 1"));
    from.trouble.reset();
    publish("5.0.0");
    time.advance(1h + 15min);
    EXPECT_THAT(gained, ElementsAre("5.0.0: 2"));
}

TEST_F(RulesFeedTest, WhatWasPulledOnceIsThereAfterARestartWithoutTheRegistry) {
    live_once();
    from.trouble = failure{errc::unavailable, "away"};
    begin();
    EXPECT_EQ(cached.at("5.0.0").size(), 2u);
    want("5.0.0");
    time.advance(10h);
    EXPECT_THAT(from.asked, IsEmpty());
    EXPECT_THAT(gained, IsEmpty());
}

TEST_F(RulesFeedTest, ADamagedCacheIsLeftOutAndMended) {
    live_once();
    test::write(folder / "cache/5.0.0/falco_rules.yaml", "evil");
    begin();
    EXPECT_THAT(cached, IsEmpty());
    want("5.0.0");
    EXPECT_THAT(gained, ElementsAre("5.0.0: 2"));
    EXPECT_EQ(test::read(folder / "cache/5.0.0/falco_rules.yaml"), "- list: a\n");
}

TEST_F(RulesFeedTest, WhatIsInTheCacheMustBeWhatItIsPinnedTo) {
    live_once();
    opt.pins = {{"falco-rules", "5.0.0", oci::digest::of("manifest of - list: new\n")}};
    begin();
    EXPECT_THAT(cached, IsEmpty());
    want("5.0.0");
    EXPECT_THAT(gained, IsEmpty());
    EXPECT_EQ(test::read(folder / "cache/5.0.0/falco_rules.yaml"), "- list: a\n");
    from.files["falco-rules:5.0.0"] = "- list: new\n";
    time.advance(16s);
    EXPECT_THAT(gained, ElementsAre("5.0.0: 2"));
    EXPECT_EQ(test::read(folder / "cache/5.0.0/falco_rules.yaml"), "- list: new\n");
}

TEST_F(RulesFeedTest, WhatComesLaterIsTakenLater) {
    publish("5.0.0");
    from.files.erase("falco-sandbox-rules:5.0.0");
    begin();
    want("5.0.0");
    EXPECT_THAT(gained, ElementsAre("5.0.0: 1"));
    time.advance(1h);
    EXPECT_THAT(gained, ElementsAre("5.0.0: 1"));
    publish("5.0.0");
    time.advance(1h);
    EXPECT_THAT(gained, ElementsAre("5.0.0: 1", "5.0.0: 2"));
}

TEST_F(RulesFeedTest, AVersionThatCannotBeDoesNotHoldUpAnother) {
    publish("5.0.0");
    wanted = {"../etc", "4.0.0", "nonsense"};
    begin();
    want("5.0.0");
    EXPECT_THAT(gained, ElementsAre("5.0.0: 2"));
}

}  // namespace
}  // namespace falconer::app

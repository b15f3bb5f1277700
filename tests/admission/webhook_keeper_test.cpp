#include "admission/webhook_keeper.hpp"

#include "falconer/base64.hpp"
#include "sandbox/kube_api/store_api.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace falconer::admissions {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const kube_type secrets{.kind = "Secret", .plural = "secrets"};
const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
const kube_key  secret_key{"garden", "gardener-extension-admission-shoot-falco-service-webhook"};
const kube_key  configuration_key{{}, webhook_configuration};

class WebhookKeeperTest : public test::actor_fixture {
protected:
    struct replica {
        replica(WebhookKeeperTest& in, std::string owner)
            : source(in.time, in.runtime), garden(in.time, in.garden),
              keeper(
                  in.loop.get_executor(), in.time, metrics, source, garden,
                  {.namespace_name  = "garden",
                   .address         = {.service = "falconer", .namespace_name = "garden"},
                   .owner_namespace = std::move(owner),
                   .every           = in.every},
                  [this](const falco::key_pair& pair) -> result<void> {
                      presented.push_back(pair);
                      return {};
                  }
              ) {}

        sandbox::store_api           source, garden;
        metrics_registry             metrics;
        std::vector<falco::key_pair> presented{};
        webhook_keeper               keeper;
    };

    sandbox::api_store                    runtime{time}, garden{time};
    std::chrono::seconds                  every{300};
    std::vector<std::unique_ptr<replica>> replicas{};

    void SetUp() override {
        EXPECT_TRUE(runtime.create(namespaces, {{}, "garden"}, value::map(), {}));
        EXPECT_TRUE(garden.create(namespaces, {{}, "extension-falco"}, value::map(), {}));
    }
    void TearDown() override {
        while (!replicas.empty()) end(replicas.size() - 1);
        actor_fixture::TearDown();
    }

    replica& add(std::string owner = {}) {
        replicas.push_back(std::make_unique<replica>(*this, std::move(owner)));
        return *replicas.back();
    }
    replica& begin(std::string owner = {}) {
        auto& made = add(std::move(owner));
        made.keeper.start();
        time.settle();
        return made;
    }
    void end(std::size_t which) {
        const auto ended = start(finished(replicas[which]->keeper.stop()));
        time.settle();
        EXPECT_TRUE(ended->has_value());
        replicas.erase(replicas.begin() + static_cast<std::ptrdiff_t>(which));
    }
    void pass(std::chrono::seconds by, std::chrono::seconds step = 1s) {
        for (auto left = by; left > 0s; left -= step) time.advance(std::min(left, step));
        time.settle();
    }

    value configuration(webhook_kind is) const {
        auto found = garden.get(type_of(is), configuration_key);
        return found ? std::move(*found) : value{};
    }
    /// Whether an API server would trust what the replica presents.
    bool is_trusted(const replica& who) const {
        if (who.presented.empty()) return false;
        for (const auto kind : webhook_kinds) {
            bool any = false;
            for (const auto& each : certificates_in(bundle_in(configuration(kind))))
                any = any || falco::check_leaf(
                                 who.presented.back(), each, falco::leaf_usage::server,
                                 {"falconer", "falconer.garden", "falconer.garden.svc"}, time.utc()
                             );
            if (!any) return false;
        }
        return true;
    }
    void change(webhook_kind is, const char* patch) {
        const auto read = parse_json(patch);
        EXPECT_TRUE(
            garden.patch(type_of(is), configuration_key, sandbox::api_patch_kind::merge, *read, {})
        );
    }

private:
    static task<bool> finished(task<void> work) {
        co_await std::move(work);
        co_return true;
    }
};

TEST_F(WebhookKeeperTest, AFirstStartMakesRegistersAndPresents) {
    auto& us = add();
    EXPECT_THAT(us.keeper.missing(), HasSubstr("no certificate"));
    us.keeper.start();
    time.settle();
    EXPECT_THAT(us.keeper.missing(), IsEmpty());
    EXPECT_THAT(us.presented, SizeIs(1));
    EXPECT_TRUE(is_trusted(us));
    EXPECT_TRUE(runtime.get(secrets, secret_key)) << "the source cluster keeps the keys";
    EXPECT_FALSE(garden.get(secrets, secret_key)) << "and not the garden";
}

TEST_F(WebhookKeeperTest, TheConfigurationsEndWithTheirOwner) {
    begin("extension-falco");
    const auto  space = garden.get(namespaces, {{}, "extension-falco"});
    const auto  uid   = space->text_at({"metadata", "uid"});
    const auto  found = configuration(webhook_kind::validating);
    const auto& owner = found.find_path({"metadata", "ownerReferences"})->items().front();
    EXPECT_EQ(owner.text_at({"uid"}), uid);
    EXPECT_FALSE(uid.empty());
}

TEST_F(WebhookKeeperTest, ReplicasShareOneCertificateAndSettleDown) {
    auto& a = add();
    auto& b = add();
    auto& c = add();
    for (auto* each : {&a, &b, &c}) each->keeper.start();
    pass(30s);
    for (auto* each : {&a, &b, &c}) {
        EXPECT_TRUE(is_trusted(*each));
        EXPECT_EQ(each->presented.back().certificate, a.presented.back().certificate);
    }
    const auto version = garden.version() + runtime.version();
    pass(1h, 30s);
    EXPECT_EQ(garden.version() + runtime.version(), version) << "nothing is written for nothing";
}

TEST_F(WebhookKeeperTest, DriftIsPutRightAtOnceByWhoeverLeads) {
    auto& us = begin();
    us.keeper.lead(true);
    begin();
    pass(5s);
    change(webhook_kind::validating, R"({"webhooks": []})");
    pass(3s);
    EXPECT_TRUE(is_trusted(us)) << "what is missing, anybody adds";
    auto found                                 = configuration(webhook_kind::mutating);
    found["webhooks"].item(0)["failurePolicy"] = "Ignore";
    EXPECT_TRUE(garden.update(type_of(webhook_kind::mutating), configuration_key, found, {}));
    pass(3s);
    EXPECT_EQ(
        configuration(webhook_kind::mutating)
            .find("webhooks")
            ->items()[0]
            .text_at({"failurePolicy"}),
        "Fail"
    );
    EXPECT_TRUE(garden.remove(type_of(webhook_kind::mutating), configuration_key, {}));
    pass(3s);
    EXPECT_TRUE(is_trusted(us));
}

TEST_F(WebhookKeeperTest, ALostSecretIsReplacedWhileWhatIsPresentedStaysTrusted) {
    auto& us    = begin();
    auto& other = begin();
    pass(5s);
    EXPECT_TRUE(runtime.remove(secrets, secret_key, {}));
    for (int i = 0; i < 90; ++i) {
        pass(1s);
        ASSERT_TRUE(is_trusted(us)) << i;
        ASSERT_TRUE(is_trusted(other)) << i;
    }
    EXPECT_THAT(us.presented, SizeIs(2));
    EXPECT_EQ(us.presented.back().certificate, other.presented.back().certificate);
}

/// Seven weeks with a replica that comes and goes: at no moment is one presented that is not
/// trusted.
TEST_F(WebhookKeeperTest, RotationsPassUnnoticed) {
    every    = 1h;
    auto& us = begin();
    us.keeper.lead(true);
    for (int hours = 0; hours < 50 * 24; hours += 4) {
        if (hours % 48 == 0) begin();
        if (hours % 48 == 24) end(1);
        pass(4h, 1h);
        for (const auto& each : replicas) ASSERT_TRUE(is_trusted(*each)) << "hour " << hours;
    }
    EXPECT_EQ(us.presented.size(), 3u);
}

TEST_F(WebhookKeeperTest, WhatFailsIsTriedAgainAndSaid) {
    auto& us = add();
    us.source.decide([](const std::string& call) {
        return call.starts_with("create") ? sandbox::call_fate::fails
                                          : sandbox::call_fate::goes_well;
    });
    us.keeper.start();
    pass(10s);
    EXPECT_THAT(us.keeper.missing(), HasSubstr("Secret garden/"));
    EXPECT_THAT(us.presented, IsEmpty());
    us.source.decide({});
    pass(2min);
    EXPECT_THAT(us.keeper.missing(), IsEmpty());
    EXPECT_TRUE(is_trusted(us));
}

/// kill -9 at every call of a first start and of a rotation: the next one goes on.
TEST_F(WebhookKeeperTest, AnotherOneGoesOnWhereOneWasKilled) {
    for (const bool after : {false, true})
        for (int call = 0;; ++call) {
            int        calls  = 0;
            bool       killed = false;
            auto&      us     = add();
            const auto fate   = [&, after](const std::string&) {
                if (calls++ != call) return sandbox::call_fate::goes_well;
                killed = true;
                return after ? sandbox::call_fate::kills_after : sandbox::call_fate::kills_before;
            };
            us.source.decide(fate);
            us.garden.decide(fate);
            us.keeper.start();
            time.settle();
            end(0);
            auto& next = begin();
            pass(3s);
            ASSERT_TRUE(is_trusted(next)) << call;
            end(0);
            for (const auto kind : webhook_kinds)
                (void)garden.remove(type_of(kind), configuration_key, {});
            (void)runtime.remove(secrets, secret_key, {});
            if (!killed) break;
        }
}

}  // namespace
}  // namespace falconer::admissions

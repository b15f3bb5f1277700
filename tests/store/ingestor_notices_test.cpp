// Two ingestors at one store.
#include "store/ingestor_notices.hpp"

#include "pg_fixture.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <vector>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using testing::Each;

class heard_clusters final : public post_office {
public:
    void tell(const cluster_identity& to, const cluster_message& what) override {
        lines.push_back(to.text + ' ' + std::string(kind_of(what)));
    }
    std::vector<std::string> lines;
};

class IngestorNoticesTest : public test::pg_fixture {
protected:
    struct ingestor {
        heard_clusters                  clusters{};
        std::optional<ingestor_notices> notices{};
    };
    pg_connection::ptr        admin;
    ingestor                  one, other;
    std::optional<task_scope> scope;

    void SetUp() override {
        pg_fixture::SetUp();
        admin = open();
        scope.emplace(loop.get_executor());
        for (auto* each : {&one, &other}) {
            ingestor_notices::options opt;
            opt.postgres = there;
            opt.pause    = 20ms;
            opt.collect  = 10ms;
            each->notices.emplace(loop.get_executor(), time, each->clusters, std::move(opt));
            scope->spawn("listen", each->notices->listen());
            scope->spawn("send", each->notices->send());
        }
    }
    void TearDown() override {
        if (scope) await(scope->stop());
        one.notices.reset();
        other.notices.reset();
        admin.reset();
        pg_fixture::TearDown();
    }
    /// Both listen once each hears of the other.
    void until_they_hear() {
        ASSERT_TRUE(falconer::test::eventually(loop, [&] {
            one.notices->tell({"hello"}, heartbeat_seen{utc_time{1s}});
            other.notices->tell({"hello"}, heartbeat_seen{utc_time{1s}});
            return !one.clusters.lines.empty() && !other.clusters.lines.empty();
        }));
        ASSERT_TRUE(falconer::test::eventually(loop, [&] {
            return one.notices->waiting() + other.notices->waiting() == 0;
        }));
        one.clusters.lines.clear();
    }
};

TEST_F(IngestorNoticesTest, WhatOneSeesTheOtherHearsAndNotItself) {
    until_they_hear();
    one.notices->tell({"a"}, heartbeat_seen{utc_time{2s}});
    one.notices->tell({"b"}, budget_spent{utc_time{2s}});
    EXPECT_TRUE(falconer::test::eventually(loop, [&] {
        const auto& all = other.clusters.lines;
        return std::ranges::count(all, "a heartbeat_seen") == 1 &&
               std::ranges::count(all, "b budget_spent") == 1;
    }));
    EXPECT_THAT(one.clusters.lines, Each(std::string("hello heartbeat_seen")));
}

TEST_F(IngestorNoticesTest, ManyClustersShareNoticesAndNoneIsLost) {
    until_they_hear();
    const auto before = other.notices->heard();
    for (int i = 0; i < 2000; ++i)
        one.notices->tell({"shoot--project--" + std::to_string(i)}, heartbeat_seen{utc_time{2s}});
    EXPECT_TRUE(falconer::test::eventually(loop, [&] {
        return other.notices->heard() >= before + 2000;
    }));
}

TEST_F(IngestorNoticesTest, NothingThatDecidesOverTokensTravels) {
    until_they_hear();
    one.notices->tell({"a"}, tokens_revoked{utc_time{1s}});
    one.notices->tell({"a"}, token_rotated{utc_time{1s}});
    one.notices->tell({"a"}, heartbeat_expected{secret("key")});
    EXPECT_EQ(one.notices->waiting(), 0u);
    // … nor is it believed, whoever notifies.
    for (const auto* each :
         {R"({"version":1,"by":"x","messages":[{"to":"a","kind":"tokens_revoked"}]})", "rubbish",
          "{}", "", R"({"version":1,"by":"x","messages":[17,{"to":"a","kind":"colour_changed"}]})",
          R"({"version":2,"by":"x","messages":[{"to":"a","kind":"heartbeat_seen","at":1}]})"}) {
        pg_connection::params payload{each};
        ASSERT_TRUE(
            await(admin->query("SELECT pg_notify('falconer_peers', $1)", std::move(payload), 10s))
        );
    }
    other.notices->tell({"last"}, heartbeat_seen{utc_time{3s}});
    EXPECT_TRUE(falconer::test::eventually(loop, [&] {
        return std::ranges::count(one.clusters.lines, "last heartbeat_seen") == 1;
    }));
    for (const auto& each : one.clusters.lines) EXPECT_FALSE(each.starts_with("a ")) << each;
}

TEST_F(IngestorNoticesTest, WhoLosesItsConnectionsHearsAgain) {
    until_they_hear();
    auto killed = await(admin->query(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> "
        "pg_backend_pid() AND datname = current_database()",
        {}, 10s
    ));
    ASSERT_TRUE(killed);
    EXPECT_TRUE(falconer::test::eventually(loop, [&] {
        one.notices->tell({"again"}, heartbeat_seen{utc_time{4s}});
        return std::ranges::count(other.clusters.lines, "again heartbeat_seen") > 0;
    }));
}

}  // namespace
}  // namespace falconer::store

#include "k8s/watch_machine.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::k8s {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using request = watch_machine::request;

class WatchMachineTest : public ::testing::Test {
protected:
    watch_machine machine{{}, [] { return 0.5; }};

    /// "list", "list token", "watch 7", with " after 800ms".
    std::string next() {
        const auto  wanted = machine.next();
        std::string said   = wanted.kind == request::what::list ? "list" : "watch";
        const auto& more =
            wanted.kind == request::what::list ? wanted.next : wanted.resource_version;
        if (!more.empty()) said += ' ' + more;
        if (wanted.pause != 0ms) said += " after " + std::to_string(wanted.pause.count()) + "ms";
        return said;
    }
    static std::string word(const kube_event& event) {
        constexpr const char* words[] = {"begin", "there", "done", "applied", "deleted"};
        std::string           said    = words[static_cast<int>(event.kind)];
        const auto            name    = event.object.text_at({"metadata", "name"});
        return name.empty() ? said : said + ' ' + std::string(name);
    }
    static std::vector<std::string> words(const std::vector<kube_event>& events) {
        std::vector<std::string> all;
        for (const auto& each : events) all.push_back(word(each));
        return all;
    }
    static value named(const std::string& name, const std::string& version = "1") {
        return yaml("metadata: {name: " + name + ", resourceVersion: '" + version + "'}");
    }
    std::vector<std::string> listed(
        std::vector<value> items, std::string version, std::string token = {}
    ) {
        return words(machine.listed({std::move(items), std::move(version), std::move(token)}));
    }
    std::vector<std::string> told(
        const std::string& type, const std::string& name, const std::string& version
    ) {
        value event     = value::map();
        event["type"]   = type;
        event["object"] = named(name, version);
        return words(machine.told(std::move(event)));
    }
    void sync() {
        next();
        listed({}, "7");
        EXPECT_EQ(next(), "watch 7");
    }
    static failure gone() { return {errc::expired, "too old"}; }
    static failure away() { return {errc::unavailable, "no connection"}; }
};

TEST_F(WatchMachineTest, ListsInPagesAndWatchesFromThere) {
    EXPECT_EQ(next(), "list");
    EXPECT_THAT(
        listed({named("a"), named("b")}, "7", "token"), ElementsAre("begin", "there a", "there b")
    );
    EXPECT_EQ(next(), "list token");
    EXPECT_THAT(listed({named("c")}, "7"), ElementsAre("there c", "done"));
    EXPECT_EQ(next(), "watch 7");
}

TEST_F(WatchMachineTest, TellsChangesAndResumesBehindTheLast) {
    sync();
    EXPECT_THAT(told("ADDED", "a", "8"), ElementsAre("applied a"));
    EXPECT_THAT(told("MODIFIED", "a", "9"), ElementsAre("applied a"));
    EXPECT_THAT(told("DELETED", "a", "10"), ElementsAre("deleted a"));
    machine.ended(std::nullopt);
    EXPECT_EQ(next(), "watch 10");
}

TEST_F(WatchMachineTest, ABookmarkIsNoEventAndMovesOn) {
    sync();
    EXPECT_THAT(told("BOOKMARK", "x", "99"), IsEmpty());
    machine.ended(away());
    EXPECT_EQ(next(), "watch 99 after 800ms");
}

TEST_F(WatchMachineTest, AnExpiredThreadIsListedAnewAtOnce) {
    sync();
    told("ADDED", "a", "8");
    machine.told(
        yaml("{type: ERROR, object: {kind: Status, code: 410, reason: Expired, message: too old}}")
    );
    EXPECT_EQ(next(), "list");
    EXPECT_THAT(listed({}, "20"), ElementsAre("begin", "done"));

    next();
    machine.ended(gone());
    EXPECT_EQ(next(), "list");
}

TEST_F(WatchMachineTest, PagesThatExpireBeginTheListAnewMoreSlowly) {
    next();
    listed({named("a")}, "7", "token");
    machine.ended(gone());
    EXPECT_EQ(next(), "list after 800ms");
    EXPECT_THAT(listed({named("a")}, "8"), ElementsAre("begin", "there a", "done"));
}

TEST_F(WatchMachineTest, AServerThatIsAwayIsAskedEverMoreSeldomAndThenAsUsual) {
    EXPECT_EQ(next(), "list");
    for (const auto* wanted :
         {"800ms", "1600ms", "3200ms", "6400ms", "12800ms", "25600ms", "30000ms", "30000ms"}) {
        machine.ended(away());
        EXPECT_EQ(next(), std::string("list after ") + wanted);
    }
    listed({}, "7");
    EXPECT_EQ(next(), "watch 7");
    machine.ended(away());
    EXPECT_EQ(next(), "watch 7 after 800ms");
    told("ADDED", "a", "8");
    machine.ended(away());
    EXPECT_EQ(next(), "watch 8 after 800ms") << "it had been there again";
}

TEST_F(WatchMachineTest, WatchesThatEndAtOnceAreNotAskedInALoop) {
    sync();
    machine.ended(std::nullopt);
    EXPECT_EQ(next(), "watch 7 after 800ms");
    machine.ended(std::nullopt);
    EXPECT_EQ(next(), "watch 7 after 1600ms");
}

TEST_F(WatchMachineTest, AQuietWatchThatEndedInItsTimeIsResumedAtOnce) {
    sync();
    machine.ended(std::nullopt);
    EXPECT_EQ(next(), "watch 7 after 800ms");
    for (int i = 0; i < 5; ++i) {
        machine.ended(std::nullopt, 45s);
        EXPECT_EQ(next(), "watch 7");
    }
    machine.ended(std::nullopt, 999ms);
    EXPECT_EQ(next(), "watch 7 after 800ms");
}

TEST_F(WatchMachineTest, WhatIsNoEventLosesTheThread) {
    for (const char* odd :
         {"{}", "[]", "x", "{type: ADDED}", "{type: ADDED, object: {}}", "{type: ERROR}"}) {
        sync();
        EXPECT_THAT(machine.told(yaml(odd)), IsEmpty()) << odd;
        EXPECT_EQ(next().substr(0, 4), "list") << odd;
        listed({}, "7");
    }
}

TEST_F(WatchMachineTest, AnOtherErrorIsTriedAgainFromTheSamePlace) {
    sync();
    machine.told(yaml("{type: ERROR, object: {kind: Status, code: 500, message: oh}}"));
    EXPECT_EQ(next(), "watch 7 after 800ms");
}

}  // namespace
}  // namespace falconer::k8s

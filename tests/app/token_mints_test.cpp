#include "app/token_mints.hpp"

#include "falconer/net/jwt.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

class TokenMintsTest : public ::testing::Test {
protected:
    test::temporary_folder   folder;
    const std::string        file = folder / "mint.pem";
    falco::operator_settings settings{};
    const utc_time           now = std::chrono::system_clock::now();

    void SetUp() override {
        write(*net::private_key::generate(2048));
        settings.central.enabled      = true;
        settings.central.token_issuer = {.inline_key = {}, .file = file};
    }
    void write(const net::private_key& key) { write_text(key.pem().reveal()); }
    void write_text(const std::string& text) {
        // Another file in its place, as kubelet does it.
        std::ofstream(file + ".new") << text;
        std::filesystem::rename(file + ".new", file);
    }
};

TEST_F(TokenMintsTest, AKeyThatWasReplacedSignsFromThenOn) {
    auto mints = *token_mints::of(settings);
    EXPECT_FALSE(*mints.reload(settings)) << "nothing has changed";
    const auto old = *mints.issue("shoot--a--b", cluster_token::central, 1h, now);
    EXPECT_TRUE(mints.read(old));
    write(*net::private_key::generate(2048));
    EXPECT_TRUE(*mints.reload(settings));
    EXPECT_FALSE(mints.read(old)) << "so that another is made";
    EXPECT_TRUE(mints.read(*mints.issue("shoot--a--b", cluster_token::central, 1h, now)));
}

TEST_F(TokenMintsTest, AFileThatIsNoKeyLeavesTheOldOneInUseAndIsSaidOnce) {
    auto       mints = *token_mints::of(settings);
    const auto old   = *mints.issue("shoot--a--b", cluster_token::central, 1h, now);
    write_text("none");
    EXPECT_FALSE(mints.reload(settings));
    EXPECT_TRUE(mints.reload(settings)) << "the same file again is no news";
    EXPECT_TRUE(mints.read(old));
    std::filesystem::remove(file);
    EXPECT_FALSE(mints.reload(settings));
    EXPECT_TRUE(mints.read(old));
}

TEST_F(TokenMintsTest, WhatItShowsToIngestorsIsOfNoUseForEventsNorTheOtherWayRound) {
    const auto key = *net::private_key::generate(2048);
    write(key);
    auto           mints = *token_mints::of(settings);
    const auto     peers = *mints.issue_for_peers("one", "falconer-peers", 5min, now);
    const auto     push  = *mints.issue("shoot--a--b", cluster_token::central, 1h, now);
    net::jwt_rules of_peers, of_events;
    of_peers.audience = "falconer-peers";
    of_peers.profiles = {net::token_profile::central};
    const auto good   = net::verify_jwt(peers, {&key.its_public(), 1}, of_peers, now);
    EXPECT_TRUE(good) << good.why;
    EXPECT_EQ(good.cluster, "controller:one");
    EXPECT_EQ(net::verify_jwt(peers, {&key.its_public(), 1}, of_events, now).why, "audience");
    EXPECT_EQ(net::verify_jwt(push, {&key.its_public(), 1}, of_peers, now).why, "audience");
    EXPECT_EQ(net::verify_jwt(peers, {&key.its_public(), 1}, of_peers, now + 10min).why, "expired");
}

TEST_F(TokenMintsTest, WithoutTheCentralStoresKeyNothingIsShownToIngestors) {
    settings.central.token_issuer = {};
    const auto mints              = *token_mints::of(settings);
    EXPECT_FALSE(mints.issue_for_peers("one", "falconer-peers", 5min, now));
}

}  // namespace
}  // namespace falconer::app

// The ring of keys: what is remembered of tokens, and what a new keys file does to it.
#include "ingest/key_ring.hpp"

#include "support/actor_fixture.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace falconer::ingest {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

const net::private_key& key(std::size_t which) {
    static const std::vector<net::private_key> made{
        *net::private_key::generate(2048), *net::private_key::generate(2048)
    };
    return made[which];
}

class KeyRingTest : public test::actor_fixture {
protected:
    fs::path                  dir = make_directory();
    std::unique_ptr<key_ring> ring;

    ~KeyRingTest() override { fs::remove_all(dir); }

    static fs::path make_directory() {
        auto name = (fs::temp_directory_path() / "falconer-keys-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        return name;
    }
    /// As an editor does it: another file in the place of the old one.
    void put(const std::string& text) const {
        std::ofstream(dir / "fresh") << text;
        fs::rename(dir / "fresh", dir / "keys");
    }
    static std::string go_keys(std::vector<std::size_t> which) {
        std::vector<net::dated_key> all;
        for (const auto each : which)
            all.push_back(
                {key(each).its_public(), "2026-01-0" + std::to_string(each + 1) + "T00:00:00Z"}
            );
        return net::go_keys_file(all);
    }
    void load(const std::string& text, std::size_t remembered = 100) {
        put(text);
        auto made = key_ring::load(options(remembered));
        ASSERT_TRUE(made) << made.error().detail;
        ring = std::move(*made);
    }
    key_ring::options options(std::size_t remembered = 100) const {
        return {
            .file        = dir / "keys",
            .issuer      = net::jwt_rules{}.issuer,
            .audience    = net::jwt_rules{}.audience,
            .good_tokens = remembered,
            .bad_tokens  = remembered,
            .look        = 5s,
        };
    }
    std::string token(std::string cluster, std::size_t by = 0, std::chrono::seconds lifetime = 1h)
        const {
        return net::issue_jwt(
            {.cluster = std::move(cluster), .lifetime = lifetime, .now = time.utc(), .id = "id"},
            key(by), {}
        );
    }
    std::string verdict(std::string_view bearer) { return verdict(bearer, time.utc()); }
    std::string verdict(std::string_view bearer, utc_time now) {
        const auto got = ring->check(bearer, now);
        if (got) return got.cluster->text;
        return "refused: " + std::string(got.why) +
               (got.once_of.empty() ? "" : " once of " + got.once_of);
    }
    /// Good with its signature and bad without the last half of it.
    static std::string bent(std::string text) {
        text[text.size() - 100] = text[text.size() - 100] == 'A' ? 'B' : 'A';
        return text;
    }
};

TEST_F(KeyRingTest, ATokenTellsItsClusterAgainAndAgain) {
    load(go_keys({0}));
    const auto good = token("alpha");
    EXPECT_EQ(verdict(good), "alpha");
    const auto again = ring->check(good, time.utc());
    EXPECT_EQ(again.issued, time.utc());
    EXPECT_EQ(again.cluster, ring->check(good, time.utc()).cluster)
        << "one name for all its events";
    EXPECT_EQ(verdict(token("beta")), "beta");
    EXPECT_EQ(verdict(good), "alpha");
    EXPECT_EQ(ring->verifications(), 2u) << "one for each token";
}

TEST_F(KeyRingTest, ATokenWithoutAudienceIsGoodOnlyWhereThatProfileIsTaken) {
    const auto without = net::issue_jwt(
        {.cluster  = "alpha",
         .profile  = net::token_profile::cluster_identity,
         .lifetime = 1h,
         .now      = time.utc(),
         .id       = "id"},
        key(0), {}
    );
    load(go_keys({0}));
    EXPECT_EQ(verdict(without), "alpha");
    auto only     = options();
    only.profiles = {net::token_profile::central};
    auto made     = key_ring::load(only);
    ASSERT_TRUE(made);
    ring = std::move(*made);
    EXPECT_EQ(verdict(without), "refused: profile");
    EXPECT_EQ(verdict(without), "refused: profile") << "also when it is remembered";
    EXPECT_EQ(verdict(token("alpha")), "alpha");
}

TEST_F(KeyRingTest, ARememberedTokenStillEndsWithItsTime) {
    load(go_keys({0}));
    const auto start = time.utc();
    const auto good  = token("alpha", 0, 1h);
    EXPECT_EQ(verdict(good, start - 60s), "alpha");
    EXPECT_EQ(verdict(good, start - 61s), "refused: not_yet_valid once of alpha");
    EXPECT_EQ(verdict(good, start + 1h + 59s), "alpha");
    EXPECT_EQ(verdict(good, start + 1h + 60s), "refused: expired once of alpha");
    EXPECT_EQ(verdict(good, start), "alpha") << "a clock set right again";

    // And one that comes too early or too late the first time.
    const auto other = token("beta", 0, 1h);
    EXPECT_EQ(verdict(other, start + 2h), "refused: expired once of beta");
    EXPECT_EQ(verdict(other, start - 2h), "refused: not_yet_valid once of beta");
    EXPECT_EQ(verdict(other, start), "beta");
}

TEST_F(KeyRingTest, ABadTokenIsBadHoweverOftenItComes) {
    load(go_keys({0}));
    const auto forged = token("alpha", 1), damaged = bent(token("alpha"));
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(verdict(forged), "refused: signature");
        EXPECT_EQ(verdict(damaged), "refused: signature");
    }
    EXPECT_EQ(ring->verifications(), 2u) << "a flood of one token costs one verification";
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(verdict(""), "refused: malformed");
        EXPECT_EQ(verdict("a.b.c"), "refused: malformed");
        EXPECT_EQ(verdict(std::string(1 << 20, 'a')), "refused: malformed");
        EXPECT_EQ(verdict(token("alpha") + std::string(8192, 'A')), "refused: malformed");
    }
}

TEST_F(KeyRingTest, MoreTokensThanItRemembersAreJudgedAllTheSame) {
    load(go_keys({0}), 3);
    std::vector<std::string> good, forged;
    for (int i = 0; i < 8; ++i) {
        good.push_back(token("c" + std::to_string(i)));
        forged.push_back(token("c" + std::to_string(i), 1));
    }
    for (int round = 0; round < 2; ++round)
        for (std::size_t i = 0; i < good.size(); ++i) {
            EXPECT_EQ(verdict(good[i]), "c" + std::to_string(i));
            EXPECT_EQ(verdict(forged[i]), "refused: signature");
        }
}

TEST_F(KeyRingTest, KeysAreRotatedWithTwoInForceForAWhile) {
    load(go_keys({0}));
    const auto old_token = token("alpha", 0), new_token = token("alpha", 1);
    EXPECT_EQ(verdict(old_token), "alpha");
    EXPECT_EQ(verdict(new_token), "refused: signature");

    put(go_keys({0, 1}));
    ASSERT_TRUE(ring->reload());
    EXPECT_EQ(ring->keys().size(), 2u);
    EXPECT_EQ(verdict(old_token), "alpha");
    EXPECT_EQ(verdict(new_token), "alpha") << "what was refused before is looked at anew";

    put(net::jwks({key(1).its_public()}));  // of the other kind, why not
    ASSERT_TRUE(ring->reload());
    EXPECT_EQ(verdict(old_token), "refused: signature") << "remembered, but its key has gone";
    EXPECT_EQ(verdict(new_token), "alpha");
}

TEST_F(KeyRingTest, ABrokenFileLeavesTheOldKeysInForceAndSaysWhy) {
    load(go_keys({0}));
    const auto                                good     = token("alpha");
    const std::pair<std::string, const char*> broken[] = {
        {"", "is empty"},
        {"hello", "expected a mapping"},
        {key(0).pem().reveal(), "holds a private key"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds a certificate"},
        {go_keys({1}).substr(0, 200), "is cut off"},
        {R"({"keys":[{"kty":"EC","crv":"P-256"}]})", "holds no RSA key"},
    };
    for (const auto& [text, why] : broken) {
        put(text);
        const auto done = ring->reload();
        ASSERT_FALSE(done) << why;
        EXPECT_THAT(done.error().detail, HasSubstr((dir / "keys").string()));
        EXPECT_THAT(done.error().detail, HasSubstr(why));
        EXPECT_EQ(verdict(good), "alpha");
        EXPECT_EQ(verdict(token("never seen")), "never seen");
    }
    fs::remove(dir / "keys");
    EXPECT_FALSE(ring->reload());
    EXPECT_EQ(verdict(good), "alpha");
}

TEST_F(KeyRingTest, IsNotMadeWithoutKeys) {
    const auto none = key_ring::load(options());
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().detail, HasSubstr((dir / "keys").string()));
    fs::create_directory(dir / "keys");
    const auto directory = key_ring::load(options());
    ASSERT_FALSE(directory);
    EXPECT_THAT(directory.error().detail, HasSubstr("Is a directory"));
}

TEST_F(KeyRingTest, LooksAtItsFileEveryFewSeconds) {
    load(go_keys({0}));
    scope.spawn("watch", ring->watch(time));
    time.advance(30s);
    const auto later = token("alpha", 1);
    put(go_keys({1}));
    EXPECT_EQ(verdict(later), "refused: signature");
    time.advance(5s);
    EXPECT_EQ(verdict(later), "alpha");
    put("broken");
    time.advance(30s);
    EXPECT_EQ(verdict(later), "alpha");
    put(go_keys({0}));
    time.advance(5s);
    EXPECT_EQ(verdict(later), "refused: signature");
    EXPECT_EQ(verdict(token("beta", 0)), "beta");
}

/// A mounted Secret: keys → ..data/keys, ..data → ..version; an update swaps the link in the
/// middle.
TEST_F(KeyRingTest, FollowsTheLinksOfAMountedSecret) {
    for (const std::size_t version : {0, 1}) {
        const auto folder = dir / ("..version" + std::to_string(version));
        fs::create_directory(folder);
        std::ofstream(folder / "keys") << go_keys({version});
    }
    fs::create_directory_symlink("..version0", dir / "..data");
    fs::create_symlink("..data/keys", dir / "keys");
    auto made = key_ring::load(options());
    ASSERT_TRUE(made) << made.error().detail;
    ring = std::move(*made);
    scope.spawn("watch", ring->watch(time));
    time.settle();
    EXPECT_EQ(verdict(token("alpha", 0)), "alpha");

    fs::create_directory_symlink("..version1", dir / "..data_tmp");
    fs::rename(dir / "..data_tmp", dir / "..data");
    time.advance(5s);
    EXPECT_EQ(verdict(token("alpha", 0)), "refused: signature");
    EXPECT_EQ(verdict(token("alpha", 1)), "alpha");
}

TEST(TokenMemoryTest, ForgetsWhatWasUsedTheLongestTimeAgo) {
    token_memory memory(2);
    const auto   digest = [](unsigned char n) { return token_digest{n}; };
    memory.remember(digest(1), {.why = "one"});
    memory.remember(digest(2), {.why = "two"});
    ASSERT_NE(memory.find(digest(1)), nullptr);
    memory.remember(digest(3), {.why = "three"});
    EXPECT_EQ(memory.size(), 2u);
    EXPECT_EQ(memory.find(digest(2)), nullptr);
    ASSERT_NE(memory.find(digest(1)), nullptr);
    EXPECT_EQ(memory.find(digest(1))->why, "one");
    EXPECT_EQ(memory.find(digest(3))->why, "three");
    memory.forget();
    EXPECT_EQ(memory.size(), 0u);
    EXPECT_EQ(memory.find(digest(3)), nullptr);
}

}  // namespace
}  // namespace falconer::ingest

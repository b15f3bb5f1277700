#include "falconer/falco/credentials_plan.hpp"

#include "falconer/base64.hpp"
#include "falconer/heartbeat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;

constexpr utc_time start{std::chrono::seconds(1'800'000'000)};

class CredentialsPlanTest : public ::testing::Test {
protected:
    cluster_facts              cluster{.name = "first", .identity = "id"};
    falco_service              service{};
    operator_settings          settings{};
    std::optional<kept_secret> certificates{}, tokens{};

    void to(const std::string& destination_name) {
        service.destinations = {destination{.name = destination_name}};
    }
    /// Plans, and keeps what is to be kept.
    credentials_plan plan(utc_time now = start) {
        const credentials_want want{
            .cluster  = cluster,
            .service  = service,
            .settings = settings,
            .needs    = needs_of(service, settings),
        };
        auto planned = plan_credentials(certificates, tokens, want, now);
        EXPECT_TRUE(planned);
        if (planned->certificates) certificates = planned->certificates->kept;
        if (planned->write_tokens) tokens = planned->tokens;
        return std::move(*planned);
    }
};

TEST_F(CredentialsPlanTest, StdoutNeedsNothing) {
    to("stdout");
    const auto got = plan();
    EXPECT_FALSE(got.certificates);
    EXPECT_FALSE(got.write_tokens);
    EXPECT_EQ(got.look_again, utc_time::max());
}

TEST_F(CredentialsPlanTest, AnEpochLastsTwentyDaysAndNoLookBeginsANewOne) {
    to("logging");
    const auto first = plan().service_account_epoch;
    EXPECT_NE(first, "");
    for (const auto later : {0h, 1h, 24h, 479h}) {
        const auto got = plan(start + later);
        EXPECT_EQ(got.service_account_epoch, first);
        EXPECT_FALSE(got.write_tokens);
        EXPECT_LE(got.look_again, start + service_account_epoch_length);
    }
    const auto next = plan(start + 480h);
    EXPECT_NE(next.service_account_epoch, first);
    EXPECT_TRUE(next.write_tokens);
}

/// The token is at most a day old when a pod reads it: 24 h + 480 h leave 9 days of its 30.
TEST_F(CredentialsPlanTest, AnEpochEndsBeforeTheTokenOfThePodDoes) {
    EXPECT_LT(24h + service_account_epoch_length + 48h, 720h);
}

TEST_F(CredentialsPlanTest, AnEpochFromTheFutureOrGarbledBeginsAnew) {
    to("logging");
    for (const char* bad : {"soon", "", "2099-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
        tokens = kept_secret{.labels = {}, .data = {{"service-account-epoch", secret{bad}}}};
        EXPECT_EQ(plan().service_account_epoch, "2027-01-15T08:00:00Z") << bad;
    }
}

TEST_F(CredentialsPlanTest, TheHeartbeatKeyIsMadeOnceAndGoesWithTheHeartbeat) {
    service.heartbeat_event = true;
    const auto key          = plan().heartbeat_key.reveal();
    EXPECT_EQ(key.size(), 44u);
    EXPECT_EQ(plan(start + 9'999h).heartbeat_key.reveal(), key);
    service.heartbeat_event = false;
    const auto gone         = plan();
    EXPECT_TRUE(gone.heartbeat_key.empty());
    EXPECT_THAT(gone.tokens.data, Not(Contains(Key("heartbeat.key"))));
}

TEST_F(CredentialsPlanTest, S14_TheHeartbeatKeyIsMadeOfTheLandscapesSecretAndNotKept) {
    service.heartbeat_event   = true;
    const auto random         = plan().heartbeat_key.reveal();
    settings.heartbeat_secret = secret{"a landscape secret of 32 bytes!!"};
    const auto got            = plan();
    EXPECT_EQ(
        got.heartbeat_key.reveal(),
        heartbeat_key_of(settings.heartbeat_secret, cluster.identity).reveal()
    );
    EXPECT_NE(got.heartbeat_key.reveal(), random);
    EXPECT_TRUE(got.write_tokens) << "the random one goes";
    EXPECT_THAT(got.tokens.data, Not(Contains(Key("heartbeat.key"))));
    EXPECT_FALSE(plan().write_tokens) << "and it stays the same";
    cluster.identity = "another";
    EXPECT_NE(plan().heartbeat_key.reveal(), got.heartbeat_key.reveal());
}

TEST_F(CredentialsPlanTest, AHeartbeatKeyThatIsNot32BytesIsMadeAnew) {
    service.heartbeat_event = true;
    const auto sixteen      = encode_base64(std::string(16, 'k'));
    for (const auto& bad : {std::string("zz"), std::string(44, '!'), sixteen}) {
        tokens         = kept_secret{.labels = {}, .data = {{"heartbeat.key", secret{bad}}}};
        const auto got = plan();
        EXPECT_NE(got.heartbeat_key.reveal(), bad);
        EXPECT_EQ(decode_base64(got.heartbeat_key.reveal())->size(), 32u) << bad;
        EXPECT_TRUE(got.write_tokens);
    }
    const auto good = encode_base64(std::string(32, 'k'));
    tokens          = kept_secret{.labels = {}, .data = {{"heartbeat.key", secret{good}}}};
    EXPECT_EQ(plan().heartbeat_key.reveal(), good);
}

TEST_F(CredentialsPlanTest, ForeignKeysOfTheSecretStay) {
    to("logging");
    tokens         = kept_secret{.labels = {{"mine", "x"}}, .data = {{"mine", secret{"y"}}}};
    const auto got = plan();
    EXPECT_EQ(got.tokens.at("mine").reveal(), "y");
    EXPECT_EQ(got.tokens.labels.at("mine"), "x");
    EXPECT_EQ(got.tokens.labels.at("persist"), "true");
}

TEST_F(CredentialsPlanTest, ATokenWithoutAKeyIsAnError) {
    settings.central.enabled = true;
    to("central");
    const credentials_want want{
        .cluster  = cluster,
        .service  = service,
        .settings = settings,
        .needs    = needs_of(service, settings),
    };
    const auto got = plan_credentials({}, {}, want, start);
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().detail, ::testing::HasSubstr("no key to sign it with"));
}

TEST_F(CredentialsPlanTest, ASecretSurvivesTheApi) {
    const kept_secret kept{
        .labels = {{"persist", "true"}}, .data = {{"a", secret{std::string("\0\xff", 2)}}}
    };
    const auto back = as_kept(as_object(kept, "n", "ns"));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->labels, kept.labels);
    EXPECT_EQ(back->at("a").reveal(), kept.at("a").reveal());
}

/// An API server refuses to change it.
TEST_F(CredentialsPlanTest, ASecretKeepsTheTypeThatItHas) {
    EXPECT_EQ(as_object({}, "n", "ns").text_at({"type"}), "Opaque");
    const auto read =
        as_kept(value{{"type", "kubernetes.io/tls"}, {"data", {{"tls.crt", "eA=="}}}});
    ASSERT_TRUE(read);
    tokens = certificates   = *read;
    service.heartbeat_event = true;
    to("logging");
    const auto got = plan();
    for (const auto& each : {got.tokens, got.certificates->kept}) {
        const auto object = as_object(each, "n", "ns");
        EXPECT_EQ(object.text_at({"type"}), "kubernetes.io/tls");
        EXPECT_EQ(object.text_at({"data", "tls.crt"}), "eA==");
    }
}

/// The system's clock ends in 2262. What it cannot say is far ahead, and not long ago.
TEST_F(CredentialsPlanTest, ARotationBeyondTheClockIsNotDue) {
    to("logging");
    const auto first            = plan();
    cluster.authorities_rotated = event_time{.seconds = 253'370'764'800, .nanos = 0};
    const auto got              = plan(start + 1h);
    ASSERT_TRUE(got.certificates);
    EXPECT_EQ(
        got.certificates->kept.at("server-ca.cert").reveal(),
        first.certificates->kept.at("server-ca.cert").reveal()
    );
}

}  // namespace
}  // namespace falconer::falco

// Years of a cluster's certificates in virtual time: whoever has moved and whoever has not, both
// sides accept each other at every moment.
#include "certificate_plan_fixture.hpp"

#include <map>
#include <random>
#include <set>
#include <utility>

namespace falconer::falco {
namespace {

using test::days;
using test::the_start;
using namespace std::chrono_literals;

/// OpenSSL's chain verification, as a TLS peer of that purpose does it.
bool accepted(const std::string& leaf, const std::string& trust, int purpose, utc_time now) {
    const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store{
        X509_STORE_new(), X509_STORE_free
    };
    const std::unique_ptr<BIO, decltype(&BIO_free)> in{
        BIO_new_mem_buf(trust.data(), static_cast<int>(trust.size())), BIO_free
    };
    while (X509* each = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
        X509_STORE_add_cert(store.get(), each);
        X509_free(each);
    }
    ERR_clear_error();
    const auto                                                            x = test::x509_of(leaf);
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check{
        X509_STORE_CTX_new(), X509_STORE_CTX_free
    };
    X509_STORE_CTX_init(check.get(), store.get(), x.get(), nullptr);
    auto* how = X509_STORE_CTX_get0_param(check.get());
    X509_VERIFY_PARAM_set_time(how, std::chrono::system_clock::to_time_t(now));
    X509_VERIFY_PARAM_set_purpose(how, purpose);
    X509_VERIFY_PARAM_set_auth_level(how, 2);
    if (purpose == X509_PURPOSE_SSL_SERVER)
        X509_VERIFY_PARAM_set1_host(how, "falcosidekick.kube-system.svc.cluster.local", 0);
    return X509_verify_cert(check.get()) == 1;
}

/// Pods that take up what is delivered when they please, but within `slowest`.
class cluster {
public:
    cluster(unsigned seed, std::chrono::hours slowest, bool confirms)
        : random_(seed), slowest_(slowest), confirms_(confirms) {}

    std::optional<kept_secret> kept{};
    certificate_want           want{.cluster_name = "shoot--demo--a"};
    utc_time                   now = the_start;
    std::set<std::string>      generations{};  // of what Falco was given
    int                        abrupt = 0, rotations = 0, remembered = 0;

    /// Lives until then, reconciled hourly to weekly; a new controller every time.
    void live(utc_time until) {
        while (now < until && !testing::Test::HasFailure()) {
            reconcile();
            check();
            const auto hours = std::uniform_int_distribution<>(1, settled() ? 24 * 7 : 36)(random_);
            now += std::chrono::hours(hours);
            move();
            check();
        }
    }

private:
    struct pod {
        certificate_delivery has{};
        utc_time             moves = utc_time::max();
    };

    void reconcile() {
        const auto made = plan_certificates(kept, want, confirmed(), now);
        ASSERT_TRUE(made) << made.error().detail;
        check_memory(*made);
        for (const auto* each : {&made->server, &made->client}) {
            abrupt    += each->abrupt;
            rotations += each->step == certificate_step::switch_over;
        }
        EXPECT_TRUE(made->write || made->delivery.falco_checksum == delivered_.falco_checksum);
        EXPECT_GT(made->look_again, now);
        kept       = made->kept;
        delivered_ = made->delivery;
        generations.insert(delivered_.falco_checksum);
        for (auto* side : {&falco_, &sidekick_})
            for (auto& each : *side) {
                if (each.has.falco_checksum.empty()) each.has = delivered_;
                if (is_new(each) && each.moves == utc_time::max())
                    each.moves =
                        now +
                        std::chrono::hours(
                            std::uniform_int_distribution<>(0, static_cast<int>(slowest_.count()))(
                                random_
                            )
                        );
            }
    }

    /// Whoever remembers the last verdict comes to the same decision.
    void check_memory(const certificate_plan& fresh) {
        certificate_want remembering = want;
        remembering.known            = std::exchange(verdict_, fresh.verdict);
        const auto again             = plan_certificates(kept, remembering, confirmed(), now);
        ASSERT_TRUE(again) << again.error().detail;
        EXPECT_EQ(again->server.step, fresh.server.step) << fresh.server.why;
        EXPECT_EQ(again->client.step, fresh.client.step) << fresh.client.why;
        EXPECT_EQ(again->write, fresh.write);
        EXPECT_EQ(again->look_again, fresh.look_again);
        remembered += again->verdict && again->verdict->from < now;
    }

    bool is_new(const pod& each) const {
        return each.has.falco_checksum != delivered_.falco_checksum ||
               each.has.falcosidekick_checksum != delivered_.falcosidekick_checksum;
    }

    /// One pod after the other, and everybody talks to everybody in between.
    void move() {
        for (auto* side : {&sidekick_, &falco_})
            for (auto& each : *side) {
                if (each.moves > now) continue;
                each = {delivered_, utc_time::max()};
                check();
            }
    }

    bool settled() const {
        for (const auto* side : {&falco_, &sidekick_})
            for (const auto& each : *side)
                if (is_new(each)) return false;
        return true;
    }

    rolled_out confirmed() const {
        if (!confirms_) return {};
        rolled_out out{falco_[0].has.falco_checksum, sidekick_[0].has.falcosidekick_checksum};
        for (const auto& each : falco_)
            if (each.has.falco_checksum != out.falco) out.falco.clear();
        for (const auto& each : sidekick_)
            if (each.has.falcosidekick_checksum != out.falcosidekick) out.falcosidekick.clear();
        return out;
    }

    void check() {
        std::map<std::string, const certificate_delivery*> clients, servers;  // different ones
        for (const auto& each : falco_) clients.emplace(each.has.falco_checksum, &each.has);
        for (const auto& each : sidekick_)
            servers.emplace(each.has.falcosidekick_checksum, &each.has);
        for (const auto& [a, falco] : clients)
            for (const auto& [b, sidekick] : servers) {
                auto& good_until = checked_[a + b];
                if (now < good_until) continue;  // nothing but their end can part them
                const auto day = (now - the_start) / days(1);
                EXPECT_TRUE(accepted(
                    sidekick->server.certificate, falco->server_trust, X509_PURPOSE_SSL_SERVER, now
                )) << "Falco refuses Falcosidekick on day "
                   << day;
                EXPECT_TRUE(accepted(
                    falco->client.certificate, sidekick->client_trust, X509_PURPOSE_SSL_CLIENT, now
                )) << "Falcosidekick refuses Falco on day "
                   << day;
                good_until = std::min(end_of(sidekick->server), end_of(falco->client));
            }
    }

    static utc_time end_of(const key_pair& leaf) {
        std::tm parts{};
        ASN1_TIME_to_tm(X509_get0_notAfter(test::x509_of(leaf.certificate).get()), &parts);
        return std::chrono::system_clock::from_time_t(::timegm(&parts));
    }

    std::map<std::string, utc_time>    checked_{};  // pairs, until one of their leaves ends
    std::mt19937                       random_;
    std::chrono::hours                 slowest_;
    bool                               confirms_;
    certificate_delivery               delivered_{};
    std::optional<certificate_verdict> verdict_{};
    std::vector<pod>                   falco_    = std::vector<pod>(5);
    std::vector<pod>                   sidekick_ = std::vector<pod>(2);
};

class CertificateYears : public testing::TestWithParam<unsigned> {};

TEST_P(CertificateYears, BothSidesAlwaysTrustEachOtherWhoeverHasMoved) {
    cluster all(GetParam(), 24h * 10, true);
    all.live(the_start + days(365 * 8));
    EXPECT_EQ(all.abrupt, 0);
    EXPECT_GE(all.rotations, 2 * 4);
    EXPECT_GE(all.remembered, 20);
    // Renewals of leaves about every 150 days, three steps for each new authority, and no more.
    EXPECT_LE(all.generations.size(), 365U * 8 / 140 + 2 * 5);
}

TEST_P(CertificateYears, ALongLeafAndASlowClusterAreNoDifferent) {
    cluster all(GetParam() + 100, 24h * 20, true);
    all.want.policy.leaf = {8760h, 8000h};  // the Go chart's
    all.live(the_start + days(365 * 8));
    EXPECT_EQ(all.abrupt, 0);
}

TEST_P(CertificateYears, AClusterThatMovesButNeverSaysSoIsNeverCutOff) {
    cluster all(GetParam() + 200, 24h * 10, false);
    all.live(the_start + days(365 * 8));
    EXPECT_GE(all.rotations, 2 * 3);
    EXPECT_GE(all.remembered, 20);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CertificateYears, testing::Range(1U, 4U));

TEST(CertificateYears, SoIsAClusterTakenOverFromTheGoExtension) {
    cluster all(1, 24h * 10, true);
    all.kept = test::secret_of_go(the_start - days(600), the_start - days(100));
    all.live(the_start + days(365 * 3));
    EXPECT_EQ(all.abrupt, 0);
    EXPECT_GE(all.rotations, 2);
}

}  // namespace
}  // namespace falconer::falco

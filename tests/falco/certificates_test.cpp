#include "certificate_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

namespace falconer::falco {
namespace {

using test::bake;
using test::days;
using test::handshake;
using test::sidekick_names;
using test::the_start;
using test::x509_of;
using namespace std::chrono_literals;
using fault = certificate_fault;

constexpr auto common_name = "falcosidekick.kube-system.svc.cluster.local";

key_pair authority(const std::string& name = "ca-falco-falcosidekick-shoot--demo--a") {
    return *make_authority({.name = name, .now = the_start, .lifetime = days(730)});
}

key_pair leaf(
    const key_pair& by, leaf_usage usage = leaf_usage::server, utc_time now = the_start,
    std::vector<std::string> names = sidekick_names
) {
    return *make_leaf(
        {.name = common_name, .dns_names = names, .usage = usage, .now = now, .lifetime = days(180)
        },
        by
    );
}

fault of_leaf(
    const key_pair& what, const key_pair& by, utc_time now = the_start,
    leaf_usage usage = leaf_usage::server
) {
    return check_leaf(what, by.certificate, usage, sidekick_names, now).fault;
}

/// The flags of the key usage, the extended one, the common name.
struct looks {
    std::uint32_t usage = 0, extended = 0;
    std::string   common_name{}, key_type{};
};

looks looks_of(const std::string& pem) {
    const auto x = x509_of(pem);
    char       name[128]{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(x.get()), NID_commonName, name, sizeof name);
    char group[64]{};
    EVP_PKEY_get_group_name(X509_get0_pubkey(x.get()), group, sizeof group, nullptr);
    return {X509_get_key_usage(x.get()), X509_get_extended_key_usage(x.get()), name, group};
}

TEST(Certificates, AnAddressBecomesOneWhateverItsSpelling) {
    const auto by   = authority();
    const auto made = leaf(by, leaf_usage::server, the_start, {"a.example.com", "::1", "10.0.0.1"});
    const auto fits = [&](const std::vector<std::string>& names) {
        return check_leaf(made, by.certificate, leaf_usage::server, names, the_start).fault;
    };
    EXPECT_EQ(fits({"10.0.0.1", "0:0:0:0:0:0:0:1", "a.example.com"}), fault::none);
    EXPECT_EQ(fits({"10.0.0.2", "::1", "a.example.com"}), fault::wrong_names);
    const auto x = x509_of(made.certificate);
    EXPECT_EQ(X509_check_ip_asc(x.get(), "10.0.0.1", 0), 1) << "as a TLS client looks at it";
}

TEST(Certificates, AnAuthorityIsP256AndMaySignAndLivesAsLongAsAsked) {
    const auto made = authority();
    const auto is   = check_authority(made.certificate, made.key, the_start);
    EXPECT_EQ(is.fault, fault::none);
    EXPECT_EQ(is.valid_from, the_start - 5min);
    EXPECT_EQ(is.valid_until, the_start + days(730));
    const auto looks = looks_of(made.certificate);
    EXPECT_EQ(looks.common_name, "ca-falco-falcosidekick-shoot--demo--a");
    EXPECT_EQ(looks.key_type, "prime256v1");
    EXPECT_EQ(looks.usage, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    EXPECT_EQ(X509_check_ca(x509_of(made.certificate).get()), 1);
}

TEST(Certificates, ALeafIsForOneSideOfTlsOnly) {
    const auto by     = authority();
    const auto server = leaf(by, leaf_usage::server);
    const auto client = leaf(by, leaf_usage::client);
    EXPECT_EQ(looks_of(server.certificate).extended, XKU_SSL_SERVER);
    EXPECT_EQ(looks_of(client.certificate).extended, XKU_SSL_CLIENT);
    for (const auto* each : {&server, &client}) {
        const auto looks = looks_of(each->certificate);
        EXPECT_EQ(looks.common_name, common_name);
        EXPECT_EQ(looks.key_type, "prime256v1");
        EXPECT_EQ(looks.usage, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
    }
    EXPECT_EQ(of_leaf(server, by), fault::none);
    EXPECT_EQ(of_leaf(client, by, the_start, leaf_usage::client), fault::none);
    EXPECT_EQ(of_leaf(client, by), fault::wrong_usage);
    EXPECT_EQ(of_leaf(server, by, the_start, leaf_usage::client), fault::wrong_usage);
}

TEST(Certificates, EveryCertificateHasKeyAndSerialNumberOfItsOwn) {
    std::set<std::string> keys, numbers;
    const auto            by = authority();
    for (int i = 0; i < 20; ++i) {
        const auto                                        made = leaf(by);
        const auto                                        x    = x509_of(made.certificate);
        const std::unique_ptr<BIGNUM, decltype(&BN_free)> number{
            ASN1_INTEGER_to_BN(X509_get0_serialNumber(x.get()), nullptr), BN_free
        };
        EXPECT_EQ(BN_num_bits(number.get()), 127);
        keys.insert(made.key.reveal());
        numbers.insert(test::written([&](BIO* to) {
            i2a_ASN1_INTEGER(to, X509_get0_serialNumber(x.get()));
        }));
    }
    EXPECT_EQ(keys.size(), 20U);
    EXPECT_EQ(numbers.size(), 20U);
}

TEST(Certificates, ALeafNeverOutlivesNorPrecedesItsAuthority) {
    const auto by   = authority();
    const auto late = leaf(by, leaf_usage::server, the_start + days(700));
    const auto is =
        check_leaf(late, by.certificate, leaf_usage::server, sidekick_names, the_start + days(701));
    EXPECT_EQ(is.fault, fault::none);
    EXPECT_EQ(is.valid_until, the_start + days(730));
    const auto early = leaf(by, leaf_usage::server, the_start);
    EXPECT_EQ(
        check_leaf(early, by.certificate, leaf_usage::server, sidekick_names, the_start).valid_from,
        the_start - 5min
    );
}

TEST(Certificates, AnExpiredAuthoritySignsNothing) {
    const auto by = authority();
    const auto made =
        make_leaf({.name = common_name, .now = the_start + days(731), .lifetime = days(1)}, by);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, errc::malformed);
}

TEST(Certificates, ANameTooLongForACertificateIsShortenedWithoutBecomingAnothers) {
    const std::string begin(80, 'a');
    const auto        one = looks_of(authority(begin + '1').certificate).common_name;
    const auto        two = looks_of(authority(begin + '2').certificate).common_name;
    EXPECT_EQ(one.size(), 64U);
    EXPECT_NE(one, two);
    EXPECT_TRUE(one.starts_with(begin.substr(0, 47)));
    EXPECT_EQ(one, looks_of(authority(begin + '1').certificate).common_name);
}

TEST(Certificates, WhatNoCertificateCanSayIsAFailure) {
    EXPECT_FALSE(make_authority({.name = "", .now = the_start, .lifetime = days(1)}));
    EXPECT_FALSE(make_authority({.name = "\xff\xfe", .now = the_start, .lifetime = days(1)}));
    EXPECT_FALSE(make_authority({.name = "a", .now = the_start, .lifetime = -days(1)}));
    EXPECT_FALSE(make_leaf({.name = "a", .now = the_start, .lifetime = days(1)}, key_pair{}));
}

TEST(Certificates, ACommaInANameIsPartOfThatName) {
    const auto by   = authority();
    const auto made = leaf(by, leaf_usage::server, the_start, {"a,DNS:evil"});
    EXPECT_TRUE(check_leaf(made, by.certificate, leaf_usage::server, {"a,DNS:evil"}, the_start));
    EXPECT_EQ(
        check_leaf(made, by.certificate, leaf_usage::server, {"a", "evil"}, the_start).fault,
        fault::wrong_names
    );
}

TEST(Certificates, TimesAreJudgedAtTheirVeryEdges) {
    const auto by   = authority();
    const auto made = leaf(by);
    EXPECT_EQ(of_leaf(made, by, the_start - 5min - 1s), fault::not_yet_valid);
    EXPECT_EQ(of_leaf(made, by, the_start - 5min), fault::none);
    EXPECT_EQ(of_leaf(made, by, the_start + days(180) - 1s), fault::none);
    EXPECT_EQ(of_leaf(made, by, the_start + days(180)), fault::expired);
    const auto when = [&](utc_time now) {
        return check_authority(by.certificate, by.key, now).fault;
    };
    EXPECT_EQ(when(the_start - 5min - 1s), fault::not_yet_valid);
    EXPECT_EQ(when(the_start + days(730) - 1s), fault::none);
    EXPECT_EQ(when(the_start + days(730)), fault::expired);
}

TEST(Certificates, OfALeafEveryFaultIsFound) {
    const auto  by      = authority();
    const auto  another = authority();  // of the same name
    const auto  good    = leaf(by);
    const auto& with    = [&](std::string certificate, secret key) {
        return of_leaf({std::move(certificate), std::move(key)}, by);
    };
    EXPECT_EQ(with("", good.key), fault::missing);
    EXPECT_EQ(with("no PEM", good.key), fault::corrupt);
    EXPECT_EQ(with(good.certificate.substr(0, 200), good.key), fault::corrupt);
    EXPECT_EQ(with(leaf(another).certificate, good.key), fault::wrong_authority);
    EXPECT_EQ(with(good.certificate, secret{}), fault::key_missing);
    EXPECT_EQ(with(good.certificate, secret{"no PEM"}), fault::key_corrupt);
    EXPECT_EQ(with(good.certificate, leaf(by).key), fault::key_mismatch);
    EXPECT_EQ(
        with(leaf(by, leaf_usage::server, the_start, {"other"}).certificate, good.key),
        fault::wrong_names
    );
    auto more = sidekick_names;
    more.emplace_back("more");
    EXPECT_EQ(of_leaf(leaf(by, leaf_usage::server, the_start, more), by), fault::wrong_names);
    const std::vector<std::string> turned(sidekick_names.rbegin(), sidekick_names.rend());
    EXPECT_EQ(of_leaf(leaf(by, leaf_usage::server, the_start, turned), by), fault::none);
}

TEST(Certificates, ABitTurnedAnywhereInALeafIsFound) {
    const auto by   = authority();
    const auto good = leaf(by);
    for (std::size_t at = 60; at + 60 < good.certificate.size(); at += 40) {
        auto bad            = good;
        bad.certificate[at] = bad.certificate[at] == 'A' ? 'B' : 'A';
        if (bad.certificate == good.certificate || good.certificate[at] == '\n') continue;
        EXPECT_NE(of_leaf(bad, by), fault::none) << "at " << at;
    }
}

TEST(Certificates, OfAnAuthorityEveryFaultIsFound) {
    const auto good  = authority();
    const auto check = [](const std::string& certificate, const secret& key) {
        return check_authority(certificate, key, the_start);
    };
    EXPECT_EQ(check("", good.key).fault, fault::missing);
    EXPECT_EQ(check("no PEM", good.key).fault, fault::corrupt);
    const auto no_authority = leaf(good);
    EXPECT_EQ(check(no_authority.certificate, no_authority.key).fault, fault::corrupt);
    EXPECT_EQ(check(good.certificate, secret{}).fault, fault::key_missing);
    EXPECT_EQ(check(good.certificate, secret{"rubbish"}).fault, fault::key_corrupt);
    EXPECT_EQ(check(good.certificate, authority().key).fault, fault::key_mismatch);
    EXPECT_TRUE(check(good.certificate, secret{}).vouches());
    EXPECT_FALSE(check("no PEM", good.key).vouches());
}

TEST(Certificates, AKeyUnderAPassphraseIsCorruptAndNobodyIsAskedForIt) {
    const auto good = authority();
    const auto key  = test::key_of(good.key);
    const auto text = test::written([&](BIO* to) {
        PEM_write_bio_PKCS8PrivateKey(
            to, key.get(), EVP_aes_128_cbc(), "pass", 4, nullptr, nullptr
        );
    });
    EXPECT_EQ(check_authority(good.certificate, secret{text}, the_start).fault, fault::key_corrupt);
}

TEST(Certificates, WhatTheGoExtensionMadeIsGoodAsItIs) {
    const auto by = bake(
        {.name      = "ca-falco-falco-x",
         .from      = the_start,
         .until     = the_start + days(730),
         .authority = true}
    );
    EXPECT_TRUE(by.key.reveal().starts_with("-----BEGIN RSA PRIVATE KEY"));
    EXPECT_EQ(check_authority(by.certificate, by.key, the_start).fault, fault::none);
    const auto made = bake(
        {.name      = common_name,
         .from      = the_start,
         .until     = the_start + days(180),
         .usage     = "clientAuth",
         .dns_names = sidekick_names},
        &by
    );
    EXPECT_EQ(of_leaf(made, by, the_start, leaf_usage::client), fault::none);
    // Its authority signs ours.
    EXPECT_EQ(of_leaf(leaf(by), by), fault::none);
}

TEST(Certificates, KeysThatAreTooWeakAreCorrupt) {
    const auto by = bake(
        {.name      = "weak",
         .from      = the_start,
         .until     = the_start + days(730),
         .authority = true,
         .rsa_bits  = 1024}
    );
    EXPECT_EQ(check_authority(by.certificate, by.key, the_start).fault, fault::corrupt);
    const auto strong = authority();
    const auto weak   = bake(
        {.name      = common_name,
           .from      = the_start,
           .until     = the_start + days(9),
           .usage     = "serverAuth",
           .dns_names = sidekick_names,
           .rsa_bits  = 1024},
        &strong
    );
    EXPECT_EQ(of_leaf(weak, strong), fault::corrupt);
}

TEST(Certificates, AnEndBeyondOurClockIsCutOffAndStillValid) {
    const auto good = test::bake(
        {.name = "ca", .from = the_start, .until = the_start + days(85'000), .authority = true}
    );
    const auto is = check_authority(good.certificate, good.key, the_start);
    EXPECT_EQ(is.fault, fault::none);
    EXPECT_EQ(is.valid_until, utc_time{std::chrono::seconds{9'000'000'000}});
}

TEST(Certificates, WhatWasMadeAMomentAgoIsJudgedAsByAnybodyElse) {
    const auto by = authority(), another = authority();
    const auto old =
        bake({.name = "old", .from = the_start, .until = the_start + days(90), .authority = true});
    const std::vector<std::string> addresses{"::1", "0:0:0:0:0:0:0:1", "a.example.com"};
    const std::vector<std::string> turned(sidekick_names.rbegin(), sidekick_names.rend());
    auto                           more = sidekick_names;
    more.emplace_back("more");
    const key_pair made[] = {
        leaf(by),
        leaf(by, leaf_usage::client),
        leaf(by, leaf_usage::server, the_start + days(700)),
        leaf(by, leaf_usage::server, the_start, addresses),
        leaf(another),
        leaf(old),
        {leaf(by).certificate, leaf(by).key},
        {leaf(by).certificate, secret{}},
    };
    const utc_time moments[] = {
        the_start - 5min - 1s,       the_start - 5min,      the_start,
        the_start + days(100),       the_start + days(180), the_start + days(180) - 1ms,
        the_start + days(730) - 1ms, the_start + days(730),
    };
    const std::vector<std::string> expected[] = {sidekick_names, more, turned, addresses};
    const auto                     judge      = [&] {
        std::vector<certificate_check> all;
        for (const auto now : moments)
            for (const auto* each : {&by, &another, &old}) {
                for (const auto& key : {each->key, by.key, secret{}})
                    all.push_back(check_authority(each->certificate, key, now));
                for (const auto& one : made)
                    for (const auto usage : {leaf_usage::server, leaf_usage::client})
                        for (const auto& names : expected)
                            all.push_back(check_leaf(one, each->certificate, usage, names, now));
            }
        return all;
    };
    const auto                     here = judge();
    std::vector<certificate_check> there;  // by a thread that has made nothing and must look
    std::thread([&] { there = judge(); }).join();
    ASSERT_EQ(here.size(), there.size());
    for (std::size_t i = 0; i < here.size(); ++i) {
        EXPECT_EQ(here[i].fault, there[i].fault) << i << ": " << text_of(there[i].fault);
        EXPECT_EQ(here[i].valid_from, there[i].valid_from) << i;
        EXPECT_EQ(here[i].valid_until, there[i].valid_until) << i;
    }
    EXPECT_TRUE(std::ranges::any_of(here, [](const auto& each) { return bool(each); }));
}

TEST(Certificates, RenewalIsDueAtAFractionOfTheActualLife) {
    const renewal policy{.lifetime = days(180), .renew_after = days(150)};
    EXPECT_EQ(policy.due(the_start, the_start + days(180)), the_start + days(150));
    EXPECT_EQ(policy.due(the_start, the_start + days(60)), the_start + days(50));
    EXPECT_EQ(policy.due(the_start, the_start), the_start);
    EXPECT_EQ(policy.due(the_start, the_start - days(1)), the_start);
    // Nonsense from an operator stays within the life.
    const renewal late{.lifetime = days(10), .renew_after = days(20)};
    EXPECT_EQ(late.due(the_start, the_start + days(10)), the_start + days(10));
    EXPECT_EQ(renewal{}.due(the_start, the_start + days(10)), the_start);
}

TEST(Certificates, BothSidesOfARealHandshakeAcceptEachOther) {
    const auto           server_ca = authority("ca-falco-falcosidekick-a");
    const auto           client_ca = authority("ca-falco-falco-a");
    const test::tls_side sidekick{leaf(server_ca), client_ca.certificate};
    const test::tls_side falco{leaf(client_ca, leaf_usage::client), server_ca.certificate};
    const auto           good = handshake(sidekick, falco, the_start + days(1));
    EXPECT_TRUE(good) << good.client_error << " / " << good.server_error;
    for (const auto& host : sidekick_names)
        EXPECT_TRUE(handshake(sidekick, falco, the_start, host.c_str())) << host;
}

TEST(Certificates, EitherSideOfARealHandshakeRefusesAStranger) {
    const auto           server_ca = authority("ca-falco-falcosidekick-a");
    const auto           client_ca = authority("ca-falco-falco-a");
    const auto           server    = leaf(server_ca);
    const auto           client    = leaf(client_ca, leaf_usage::client);
    const test::tls_side sidekick{server, client_ca.certificate};
    const test::tls_side falco{client, server_ca.certificate};
    // Another authority of the same name.
    const auto impostor = authority("ca-falco-falco-a");
    EXPECT_FALSE(
        handshake(sidekick, {leaf(impostor, leaf_usage::client), server_ca.certificate}, the_start)
            .server_accepts
    );
    EXPECT_FALSE(handshake({leaf(impostor), client_ca.certificate}, falco, the_start).client_accepts
    );
    // No certificate at all; the one of the other side; a name that is not its; too late.
    EXPECT_FALSE(handshake(sidekick, {{}, server_ca.certificate}, the_start).server_accepts);
    EXPECT_FALSE(
        handshake(sidekick, {leaf(client_ca), server_ca.certificate}, the_start).server_accepts
    );
    EXPECT_FALSE(handshake(sidekick, falco, the_start, "falcosidekick.other").client_accepts);
    EXPECT_FALSE(handshake(sidekick, falco, the_start + days(180)));
}

}  // namespace
}  // namespace falconer::falco

#include "artifact_fixture.hpp"
#include "oci/challenge.hpp"
#include "oci/credentials.hpp"
#include "oci/manifest.hpp"
#include "oci/sources_record.hpp"
#include "oci/url.hpp"

#include <gmock/gmock.h>

namespace falconer::oci {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const auto some_digest = digest::of("some").text();

TEST(DigestTest, IsSha256InLowerCase) {
    EXPECT_EQ(
        digest::of("abc").text(),
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    EXPECT_TRUE(digest::parse(some_digest));
    const std::string hex(digest::of("some").hex());
    for (const auto& bad :
         {std::string(), hex, "sha512:" + hex, "sha256:" + hex.substr(1), some_digest + "0",
          "sha256:" + std::string(64, 'G'), "sha256:" + std::string(64, 'A'),
          "sha256:../../../../" + hex.substr(12)})
        EXPECT_FALSE(digest::parse(bad)) << bad;
    EXPECT_TRUE(verify("abc", digest::of("abc"), "it"));
    EXPECT_THAT(verify("abd", digest::of("abc"), "it").error().detail, HasSubstr("it is sha256:"));
}

TEST(UrlTest, IsAPlaceAndATarget) {
    const auto whole = parse_url("https://[::1]:5000/v2/?a=b");
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->place, (net::http_place{.tls = true, .host = "::1", .port = 5000}));
    EXPECT_EQ(whole->target, "/v2/?a=b");
    EXPECT_EQ(whole->text(), "https://[::1]:5000/v2/?a=b");
    EXPECT_EQ(parse_url("http://a?x")->target, "/?x");
    EXPECT_EQ(parse_url("http://a")->text(), "http://a/");
    for (const char* bad :
         {"ghcr.io/a", "ftp://a/", "https://", "https://u:p@host/", "https://a/b c",
          "https://a/b\r\nX: y", "https://a/#b", "https://a:99999/", "https://a/\x80"})
        EXPECT_FALSE(parse_url(bad)) << bad;
}

TEST(UrlTest, ARedirectionMayBeRelative) {
    const auto from = *parse_url("https://a.example:5000/v2/x");
    EXPECT_EQ(follow(from, "/y?z")->text(), "https://a.example:5000/y?z");
    EXPECT_EQ(follow(from, "//b.example/y")->text(), "https://b.example/y");
    EXPECT_EQ(follow(from, "http://b.example/y")->text(), "http://b.example/y");
    for (const char* bad : {"", "y", "file:///etc/passwd", "https:/y"})
        EXPECT_FALSE(follow(from, bad)) << bad;
}

TEST(UrlTest, OnlyAddressesOfThisMachineAreLoopback) {
    for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"})
        EXPECT_TRUE(is_loopback({.host = host})) << host;
    for (const char* host : {"127.0.0.1.evil.example", "10.0.0.1", "localhost.evil.example", "::2"})
        EXPECT_FALSE(is_loopback({.host = host})) << host;
}

TEST(ChallengeTest, ReadsWhatRegistriesSay) {
    const auto all = parse_challenges(
        R"(Basic realm="x", Bearer realm="https://ghcr.io/token" , service=ghcr.io,)"
        R"(scope="repository:a/b:pull,push",error="in\"valid")"
    );
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].scheme, "basic");
    EXPECT_EQ(all[1].scheme, "bearer");
    EXPECT_EQ(all[1].parameters.at("realm"), "https://ghcr.io/token");
    EXPECT_EQ(all[1].parameters.at("service"), "ghcr.io");
    EXPECT_EQ(all[1].parameters.at("scope"), "repository:a/b:pull,push");
    EXPECT_EQ(all[1].parameters.at("error"), "in\"valid");
}

TEST(ChallengeTest, WhatIsNoneEndsTheReading) {
    for (const char* text : {"", ",", "=", "\"", "a=b", ", ,", "\\", "\x01\x02"})
        EXPECT_THAT(parse_challenges(text), IsEmpty()) << text;
    EXPECT_EQ(parse_challenges("Bearer realm=\"never closed").size(), 1u);
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += "Basic a=b,";
    EXPECT_LE(parse_challenges(many).size(), 16u);
}

TEST(CredentialsTest, BelongToAHostAndPerhapsAPath) {
    const auto file = credentials::parse(R"({"auths": {
        "ghcr.io": {"auth": "dTpwOnE="},
        "ghcr.io/falcosecurity": {"username": "narrow", "password": "s"},
        "https://mirror:5000/v2/": {"username": "m", "password": "t"}}, "credsStore": "desktop"})");
    ASSERT_TRUE(file) << file.error().detail;
    const auto* wide = file->find("ghcr.io", "falcosecurity2/rules/falco-rules");
    ASSERT_NE(wide, nullptr);
    EXPECT_EQ(wide->user, "u");
    EXPECT_EQ(wide->password.reveal(), "p:q");
    EXPECT_EQ(file->find("ghcr.io", "falcosecurity/rules/falco-rules")->user, "narrow");
    EXPECT_EQ(file->find("mirror:5000", "x")->user, "m");
    EXPECT_EQ(file->find("mirror", "x"), nullptr);
    EXPECT_EQ(file->find("evil.example", "x"), nullptr);
}

TEST(CredentialsTest, WhatCannotBeUsedIsSaid) {
    for (const char* bad :
         {"", "{}", "[]", R"({"auths":{"a":{"auth":"!"}}})",
          R"({"auths":{"a":{"auth":"bm9jb2xvbg=="}}})", R"({"auths":{"a":{}}})",
          R"({"auths":{"a":{"auth":"dTpw","identitytoken":"x"}}})"})
        EXPECT_FALSE(credentials::parse(bad)) << bad;
}

// --- manifests ----------------------------------------------------------------------------------

std::string trouble(const std::string& text, const char* served = manifest_type) {
    const auto got = parse_document(text, served);
    return got ? "taken" : got.error().detail;
}

TEST(ManifestTest, ReadsWhatIsPublished) {
    const auto made = test::artifact_of("falco-rules", "[]");
    const auto read = parse_document(made.manifest, "application/json");
    ASSERT_TRUE(read) << read.error().detail;
    const auto layer = rules_layer(std::get<manifest>(*read));
    ASSERT_TRUE(layer) << layer.error().detail;
    EXPECT_EQ(layer->is, digest::of(made.layer));
    EXPECT_EQ(layer->size, made.layer.size());
}

TEST(ManifestTest, WhatIsOddIsRefused) {
    const auto one  = R"({"mediaType":"x","digest":")" + some_digest + R"(","size":1})";
    const auto with = [&](const std::string& more) {
        return R"({"schemaVersion":2,)" + more + '}';
    };
    EXPECT_EQ(trouble(with("\"config\":" + one + ",\"layers\":[]")), "taken");
    EXPECT_EQ(
        trouble(
            with("\"config\":" + one + ",\"layers\":[]"),
            "application/vnd.oci.image.manifest.v1+json; charset=utf-8"
        ),
        "taken"
    );
    EXPECT_THAT(trouble("[]"), HasSubstr("schemaVersion"));
    EXPECT_THAT(trouble("{\"schemaVersion\":1}"), HasSubstr("schemaVersion"));
    EXPECT_THAT(trouble("nonsense"), HasSubstr("JSON"));
    EXPECT_THAT(trouble(with("\"layers\":[]")), HasSubstr("no config"));
    EXPECT_THAT(trouble(with("\"config\":" + one)), HasSubstr("no list of layers"));
    EXPECT_THAT(trouble(with("\"config\":" + one + ",\"layers\":{}")), HasSubstr("no list"));
    EXPECT_THAT(trouble(with("\"config\":" + one + ",\"layers\":[7]")), HasSubstr("layers[0]"));
    EXPECT_THAT(
        trouble(with("\"config\":" + one + ",\"layers\":[],\"manifests\":[]")),
        HasSubstr("at the same time")
    );
    EXPECT_THAT(
        trouble(with("\"config\":" + one + ",\"layers\":[]"), "text/html"), HasSubstr("text/html")
    );
    for (const char* bad : {R"({"digest":"sha256:1","size":1})", R"({"size":1})"})
        EXPECT_THAT(
            trouble(with("\"layers\":[],\"config\":" + std::string(bad))), HasSubstr("no digest")
        );
    const auto sized = [&](const char* size) {
        return with(
            R"("layers":[],"config":{"digest":")" + some_digest + R"(","size":)" + size + '}'
        );
    };
    for (const char* bad : {"-1", "1.5", "\"1\"", "99999999999999999999"})
        EXPECT_THAT(trouble(sized(bad)), HasSubstr("no size")) << bad;
    EXPECT_THAT(trouble(std::string(largest_manifest + 1, ' ')), HasSubstr("more than"));
    EXPECT_NE(trouble(std::string(100'000, '[')), "taken");
}

TEST(ManifestTest, AnArtifactOfAnotherKindIsNone) {
    manifest is;
    is.config.media_type = "application/vnd.cncf.falco.plugin.config.v1+json";
    EXPECT_THAT(rules_layer(is).error().detail, HasSubstr("plugin"));
    is.config.media_type = rules_config_type;
    EXPECT_THAT(rules_layer(is).error().detail, HasSubstr("0 layers"));
    is.layers.push_back({.media_type = "application/vnd.oci.image.layer.v1.tar+gzip"});
    EXPECT_THAT(rules_layer(is).error().detail, HasSubstr("tar+gzip"));
    is.layers[0].media_type = rules_layer_type;
    EXPECT_TRUE(rules_layer(is));
    is.layers[0].size = largest_layer + 1;
    EXPECT_EQ(rules_layer(is).error().code, errc::too_large);
}

TEST(ManifestTest, OfAnIndexTheOneForEveryMachineIsTaken) {
    const descriptor all{.media_type = manifest_type, .is = digest::of("all")};
    const descriptor amd64{.media_type = manifest_type, .is = digest::of("amd"), .platform = true};
    EXPECT_EQ(only_manifest({{amd64, all}})->is, all.is);
    EXPECT_EQ(only_manifest({{amd64}})->is, amd64.is);
    EXPECT_FALSE(only_manifest({{amd64, amd64}}));
    EXPECT_FALSE(only_manifest({{all, all}}));
    EXPECT_FALSE(only_manifest({{}}));
    EXPECT_FALSE(only_manifest({{{.media_type = index_type}}}));
}

// --- pins and records ---------------------------------------------------------------------------

TEST(PinTest, NamesAnArtifactAndPerhapsAVersion) {
    const auto wide = parse_pin("falco-rules=" + some_digest);
    ASSERT_TRUE(wide);
    EXPECT_EQ(wide->artifact, "falco-rules");
    EXPECT_EQ(wide->version, "");
    const auto narrow = parse_pin("falco-sandbox-rules:5.0.0@" + some_digest);
    ASSERT_TRUE(narrow);
    EXPECT_EQ(narrow->artifact, "falco-sandbox-rules");
    EXPECT_EQ(narrow->version, "5.0.0");
    EXPECT_EQ(narrow->is.text(), some_digest);
    for (const auto& bad :
         {std::string(), std::string("falco-rules"), "falco-rules@" + some_digest,
          "other=" + some_digest, "falco-rules:../x@" + some_digest, "falco-rules:5@" + some_digest,
          std::string("falco-rules=sha256:12")})
        EXPECT_FALSE(parse_pin(bad)) << bad;
}

TEST(PinTest, HoldsForItsVersionOnly) {
    rules_wish wish;
    wish.version = "5.0.0";
    wish.pins    = {
        {"falco-rules", "4.0.0", digest::of("4")}, {"falco-rules", "5.0.0", digest::of("5")}
    };
    EXPECT_EQ(wish.pin_of("falco-rules"), digest::of("5"));
    EXPECT_EQ(wish.pin_of("falco-sandbox-rules"), std::nullopt);
}

TEST(SourcesRecordTest, IsReadBackAsItWasWritten) {
    sources_record record;
    record.version = "5.0.0";
    record.files.push_back(
        {"falco-rules", "falco_rules.yaml", digest::of("a"), 1, "x:5.0.0", digest::of("m"),
         digest::of("l")}
    );
    record.files.push_back(
        {"falco-sandbox-rules", "falco-sandbox_rules.yaml", digest::of("b"), 1, "y", {}, {}}
    );
    record.absent   = {"falco-incubating-rules"};
    const auto back = parse_sources(to_json(record));
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(*back, record);
}

TEST(SourcesRecordTest, WhatLeadsElsewhereIsRefused) {
    const auto with = [](const std::string& file, const std::string& is) {
        return R"({"version":"5.0.0","absent":[],"files":[{"artifact":"falco-rules","file":")" +
               file + R"(","digest":")" + is + R"(","bytes":1,"from":"x"}]})";
    };
    EXPECT_TRUE(parse_sources(with("falco_rules.yaml", some_digest)));
    EXPECT_FALSE(parse_sources(with("../falco_rules.yaml", some_digest)));
    EXPECT_FALSE(parse_sources(with("falco-sandbox_rules.yaml", some_digest)));
    EXPECT_FALSE(parse_sources(with("falco_rules.yaml", "sha256:1")));
    for (const char* bad : {"", "[]", "{}", "{\"version\":\"1.0.0\",\"more\":1}"})
        EXPECT_FALSE(parse_sources(bad)) << bad;
}

}  // namespace
}  // namespace falconer::oci

// Fuzzes the verification of tokens: nobody gets in without our key, and who signs with it gets in
// as what he says or not at all.
#include "falconer/net/jwt.hpp"

#include "net/base64url.hpp"
#include "support/json_leaves.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace falconer;

const utc_time       now{std::chrono::seconds(1'795'000'000)};
const net::jwt_rules rules;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

const net::private_key& key() {
    static const auto made = *net::private_key::generate(2048);
    return made;
}

net::jwt_verdict verify(std::string_view token) {
    return net::verify_jwt(token, {&key().its_public(), 1}, rules, now);
}

void require_sense(const net::jwt_verdict& got, std::string_view claims) {
    constexpr std::string_view words[] = {"",          "malformed", "algorithm",
                                          "signature", "expired",   "not_yet_valid",
                                          "issuer",    "audience",  "cluster"};
    require(std::ranges::find(words, got.why) != std::end(words), "a known word");
    const bool only_late = got.why == "expired" || got.why == "not_yet_valid";
    require(
        got.cluster.empty() != (got.why.empty() || only_late),
        "whose it is, of good tokens and of those whose time alone is wrong"
    );
    if (got.cluster.empty()) return;
    require(got.cluster.size() <= 512, "a name of bounded length");
    require((now >= got.expires) == (got.why == "expired"), "expired after its end");
    require(got.claims == claims, "the claims that were signed");
    // Another reader of JSON finds the same name and the same issuer in the place for it.
    const auto others = falconer::testing::leaves_of(claims);
    require(others.has_value(), "JSON to others too");
    const auto* const path =
        got.profile == net::token_profile::central ? "/gardener-falco/cluster-identity" : "/sub";
    require(others->contains(path) && others->at(path) == '"' + got.cluster, "the same name");
    require(
        others->contains("/iss") && others->at("/iss") == '"' + rules.issuer, "the same issuer"
    );
    require(others->contains("/exp"), "an end");
}

}  // namespace

/// The first byte chooses what the rest is: a whole token, a header or claims, the latter well
/// signed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    constexpr auto         header = R"({"alg":"RS256"})";
    constexpr auto         claims =
        R"({"iss":"urn:gardener:gardener-falco-extension","sub":"c","exp":1795000001})";
    if (data[0] % 4 == 0) {
        require(!verify(text), "nobody signs without the key");
        return 0;
    }
    const bool is_header   = data[0] % 4 == 1;
    const auto signed_text = net::to_base64url(is_header ? text : header) + '.' +
                             net::to_base64url(is_header ? claims : text);
    const auto token = signed_text + '.' + net::to_base64url(key().sign(signed_text));
    const auto got   = verify(token);
    require_sense(got, is_header ? std::string_view(claims) : text);
    if (is_header && got)
        require(
            falconer::testing::leaves_of(text).value().at("/alg") == "\"RS256", "nothing but RS256"
        );
    require(!verify(token + 'A') && !verify(token.substr(0, token.size() - 1)), "one spelling");
    return 0;
}

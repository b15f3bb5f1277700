// Fuzzes the reading of keys files: a reason in one line, or keys that survive being written.
#include "falconer/net/token_keys.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace falconer;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void require_same(const std::vector<net::public_key>& keys, const std::string& document) {
    const auto again = net::parse_keys("again", document);
    require(static_cast<bool>(again), "what is written can be read");
    require(again->size() == keys.size(), "as many keys");
    for (std::size_t i = 0; i < keys.size(); ++i)
        require((*again)[i].thumbprint() == keys[i].thumbprint(), "the same keys");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(net::private_key::parse(text));

    const auto keys = net::parse_keys("keys", text);
    if (!keys) {
        const auto& why = keys.error().detail;
        require(why.starts_with("keys:"), "a reason begins with the file");
        require(why.size() > 6 && why.find('\n') == std::string::npos, "a reason is one line");
        return 0;
    }
    require(!keys->empty(), "no keys are a reason");
    for (const auto& each : *keys) {
        require(each.thumbprint().size() == 43, "a SHA-256 in base64url");
        require(!each.kid().empty(), "every key has a name");
        require(!each.verifies("text", std::string(256, 'x')), "no signature by chance");
        require_same({each}, each.pem());
        require_same({each}, net::go_keys_file({{each, "2026-01-01T00:00:00Z"}}));
    }
    require_same(*keys, net::jwks(*keys));
    return 0;
}

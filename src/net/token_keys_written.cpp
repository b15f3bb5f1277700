#include "falconer/net/token_keys.hpp"

#include <algorithm>

namespace falconer::net {

std::string go_keys_file(const std::vector<dated_key>& keys) {
    std::string out;
    // The Go ingestor insists on two keys: a single one is written twice.
    for (std::size_t i = 0; i < std::max<std::size_t>(keys.size(), 2) && !keys.empty(); ++i) {
        const auto& each  = keys[std::min(i, keys.size() - 1)];
        out              += "key_" + std::to_string(i + 1) + ":\n  created: \"" + each.created +
               "\"\n  publicKey: |\n";
        const auto       pem  = each.key.pem();
        std::string_view rest = pem;
        while (!rest.empty()) {
            const auto line  = rest.substr(0, rest.find('\n'));
            out             += "    " + std::string(line) + '\n';
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        }
    }
    return out;
}

std::string jwks(const std::vector<public_key>& keys) {
    std::string out = "{\"keys\":[";
    for (const auto& key : keys) {
        if (&key != &keys.front()) out += ',';
        out += R"({"kty":"RSA","use":"sig","alg":"RS256","kid":")" + key.thumbprint() +
               R"(","n":")" + key.modulus() + R"(","e":")" + key.exponent() + "\"}";
    }
    return out + "]}\n";
}

}  // namespace falconer::net

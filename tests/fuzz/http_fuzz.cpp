// Fuzzes the reading of HTTP requests: cut into portions in any way, bytes mean the same.
#include "net/http_codec.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace falconer;

struct outcome {
    std::vector<net::http_request> requests;
    bool                           refused = false;
};

/// `portion` says how many bytes come next.
template <class Portion>
outcome decode(std::string_view bytes, Portion portion) {
    net::request_decoder decoder({.header_bytes = 1024, .body_bytes = 4096});
    outcome              out;
    std::string          waiting;
    for (;;) {
        auto used = decoder.feed(waiting);
        if (!used) {
            out.refused = true;
            return out;
        }
        if (*used > waiting.size()) std::abort();
        waiting.erase(0, *used);
        if (decoder.done()) {
            out.requests.push_back(decoder.take());
            continue;
        }
        if (bytes.empty()) return out;
        const auto size  = std::min<std::size_t>(bytes.size(), portion());
        waiting         += bytes.substr(0, size);
        bytes.remove_prefix(size);
    }
}

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void require_same(const outcome& whole, const outcome& pieces) {
    require(
        whole.refused == pieces.refused, "refused whole, but not in pieces, or the other way round"
    );
    require(whole.requests.size() == pieces.requests.size(), "as many requests");
    for (std::size_t i = 0; i < whole.requests.size(); ++i) {
        const auto &a = whole.requests[i], &b = pieces.requests[i];
        require(a.method == b.method && a.target == b.target, "the same request line");
        require(a.body == b.body && a.keep_alive == b.keep_alive, "the same body");
        require(a.body.size() <= 4096, "a body within its limit");
    }
}

}  // namespace

/// The first byte seeds the portions; the rest is what the peer sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    std::uint32_t          state = data[0] + 1U;

    const auto whole = decode(bytes, [&] { return bytes.size(); });
    require_same(whole, decode(bytes, [] { return std::size_t{1}; }));
    require_same(whole, decode(bytes, [&] {
                     state = state * 1664525 + 1013904223;
                     return static_cast<std::size_t>(1 + (state >> 16) % 40);
                 }));
    return 0;
}

// Fuzzes what an API server says of a request that it did not do: one line, a code, and a pause
// that ends.
#include "k8s/api_status.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace falconer;
    if (size < 2) return 0;
    net::http_response answer{.status = 300U + data[0] * 2U};
    std::string        text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t  field = data[1] % 16;
    if (field > 0) answer.headers.add("Retry-After", text.substr(0, field));
    answer.body = std::move(text);

    const auto why = k8s::failure_of(answer);
    require(static_cast<bool>(why.code), "it has a code");
    require(!why.detail.empty(), "it says why");
    require(why.detail.find('\n') == std::string::npos, "a reason is one line");
    if (const auto pause = k8s::retry_after(answer))
        require(pause->count() >= 0 && pause->count() <= 120, "a pause that ends");
    return 0;
}

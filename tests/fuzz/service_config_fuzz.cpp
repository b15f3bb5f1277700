// Fuzzes providerConfig: whatever a shoot holds is read or refused by name, and what was read can
// be written and read again.
#include "falconer/falco/service_config.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace falconer;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto             read = data[0] % 2 == 0 ? parse_json(text) : parse_yaml(text);
    if (!read) {
        require(!read.error().detail.empty(), "a refusal says why");
        return 0;
    }
    const auto decoded = falco::decode_service_config(*read, "at");
    for (const auto& each : decoded.problems) {
        const auto said = each.text();
        require(said.starts_with("at"), "a problem has its place");
        require(said.find('\n') == said.npos, "a problem is one line");
        require(each.what.size() < 1'000, "a problem is short");
    }
    if (!decoded.problems.empty()) return 0;

    const auto again = falco::decode_service_config(falco::encode(decoded.config), "at");
    require(again.problems.empty(), "what we write is right");
    require(again.config == decoded.config, "and says the same");

    auto filled = decoded.config;
    falco::fill_defaults(filled, {.falco_version = "0.42.1", .destination = "central"});
    auto twice = filled;
    falco::fill_defaults(twice, {.falco_version = "0.43.0", .destination = "logging"});
    require(filled == twice, "defaults are filled once");
    require(filled.falco_version.has_value(), "there is a version");
    falco::meaning_of(filled, "central");
    return 0;
}

// Fuzzes the component configuration: whatever the file holds is read or refused, each problem a
// line that begins with the file, and never a secret in it.
#include "app/configuration.hpp"

#include <algorithm>
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto             read =
        app::read_configuration("f.yaml", text, {"controller", "admission", "ingestor"});
    for (const auto* list : {&read.problems, &read.value.falco.warnings})
        for (const auto& each : *list) {
            require(!each.empty() && each.find('\n') == each.npos, "a problem is one line");
            require(each.size() < 4'000, "a problem is short");
        }
    for (const auto& each : read.problems)
        require(each.starts_with("f.yaml"), "a problem begins with its file");
    require(read.readable || !read.problems.empty(), "what cannot be read is said");

    const auto again =
        app::read_configuration("f.yaml", text, {"controller", "admission", "ingestor"});
    require(read.problems == again.problems, "twice the same");
    return 0;
}

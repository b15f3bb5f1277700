// Fuzzes what comes over a watch, in two pieces: whatever it is, the machine knows what to ask
// next, and events come in the order of the protocol.
#include "k8s/watch_lines.hpp"
#include "k8s/watch_machine.hpp"

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

void require_told(const std::vector<kube_event>& events) {
    require(events.size() <= 1, "a line is at most one event");
    for (const auto& each : events) {
        require(
            each.kind == kube_event::what::applied || each.kind == kube_event::what::deleted,
            "a watch tells changes only"
        );
        require(!resource_version_of(each.object).empty(), "a change has its version");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto             cut = data[0] % size;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

    k8s::watch_machine machine({}, [] { return 0.5; });
    static_cast<void>(machine.next());
    static_cast<void>(machine.listed({.resource_version = "7"}));
    require(machine.next().kind == k8s::watch_machine::request::what::watch, "it watches");

    k8s::watch_lines lines(1 << 16);
    bool             good = true;
    for (const auto piece : {text.substr(0, cut), text.substr(std::min(cut, text.size()))})
        good = good && lines.add(piece, [&](std::string_view line) {
            require_told(machine.told(k8s::event_in(line)));
        });
    if (good)
        machine.ended(std::nullopt);
    else
        machine.ended(failure{errc::too_large, "too long"});

    const auto next = machine.next();
    require(
        next.kind == k8s::watch_machine::request::what::list || !next.resource_version.empty(),
        "a watch goes on from somewhere"
    );
    require(next.pause.count() >= 0 && next.pause.count() <= 40'000, "a pause that ends");
    return 0;
}

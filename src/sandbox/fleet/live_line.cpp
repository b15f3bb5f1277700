#include "live_line.hpp"

#include <spdlog/fmt/fmt.h>

#include <string_view>
#include <vector>

namespace falconer::sandbox {
namespace {

/// 12,345: groups of three, for people.
std::string grouped(std::uint64_t number) {
    auto text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), ",");
    return text;
}

}  // namespace

std::string live_line(const live_figures& now, std::size_t width) {
    std::vector<std::string> parts{
        grouped(now.events) + " events",
        fmt::format("{:.0f}/s", now.per_second),
    };
    if (now.store_away) parts.emplace_back("STORE AWAY");
    if (now.store_away || now.spooled > 0) parts.push_back(grouped(now.spooled) + " in the spool");
    parts.push_back(fmt::format("answers {:.1f} ms (p99 {:.1f})", now.p50_ms, now.p99_ms));
    parts.push_back(grouped(now.clusters) + " clusters");
    parts.push_back(now.lost == 0 ? std::string("none lost") : grouped(now.lost) + " NOT TAKEN");

    std::string line;
    for (const auto& part : parts) {
        const std::string_view gap = line.empty() ? "" : "  |  ";
        if (line.size() + gap.size() + part.size() > width) break;
        line += gap;
        line += part;
    }
    return line;
}

}  // namespace falconer::sandbox

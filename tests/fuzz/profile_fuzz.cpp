// Fuzzes FalcoProfiles: each is read or its faults named, several are merged the same in any order,
// and no move leads to a version that is not to be had.
#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/version_policy.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using namespace falconer;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void require_sound(const falco::releases& offered, const std::string& current, utc_time now) {
    for (const auto automatically : {falco::auto_update::on, falco::auto_update::off}) {
        const auto move = falco::plan_version(offered.falco, current, automatically, now);
        require(!move.reason.empty(), "a verdict has its reason");
        require(
            move.target.has_value() == (move.what != falco::version_move::action::none),
            "a move has a target"
        );
        if (!move.target) continue;
        const auto to = offered.falco.find(*falco::semver::parse(*move.target));
        require(to != offered.falco.end(), "it is offered");
        require(to->second.is == falco::classification::supported, "it is supported");
        require(!to->second.expired(now), "it has not expired");
        if (move.what == falco::version_move::action::automatic)
            require(
                *falco::semver::parse(*move.target) > *falco::semver::parse(current),
                "never down without need"
            );
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto documents = parse_yaml_stream({reinterpret_cast<const char*>(data), size});
    if (!documents) {
        require(!documents.error().detail.empty(), "a refusal says why");
        return 0;
    }
    std::vector<falco::falco_profile> all;
    for (const auto& each : *documents) {
        auto read = falco::decode_falco_profile(each);
        for (const auto& problem : read.problems) {
            const auto said = problem.text();
            require(!said.empty() && said.find('\n') == said.npos, "a problem is one line");
            require(said.size() < 2'000, "a problem is short");
        }
        for (const auto* list : {&read.profile.falco, &read.profile.falcosidekick})
            for (const auto& one : *list)
                require(falco::semver::parse(one.version).has_value(), "a version is one");
        all.push_back(std::move(read.profile));
        if (all.size() > 8) break;
    }
    const auto offered = falco::merge(all);
    std::ranges::reverse(all);
    const auto again = falco::merge(all);
    require(
        offered.falco == again.falco && offered.falcosidekick == again.falcosidekick &&
            offered.falcoctl == again.falcoctl && offered.warnings == again.warnings,
        "their order does not matter"
    );
    const utc_time now{std::chrono::seconds(1'795'000'000)};
    require_sound(offered, "0.42.1", now);
    int some = 0;
    for (const auto& [number, each] : offered.falco)
        if (++some < 8) require_sound(offered, each.version, now);
    return 0;
}

#include "falconer/falco/version_policy.hpp"

#include "falconer/spelling.hpp"

#include <utility>

namespace falconer::falco {
namespace {

version_move forced(const offered_version* target, const std::string& why) {
    if (target == nullptr)
        return {
            version_move::action::none, {}, why + ", and no supported version is left to move to"
        };
    return {
        version_move::action::forced, target->version,
        why + "; " + target->version + " is the newest supported version"
    };
}

}  // namespace

const offered_version* newest_supported(const offered_versions& offered, utc_time now) {
    for (auto at = offered.rbegin(); at != offered.rend(); ++at) {
        const auto& each = at->second;
        if (each.is == classification::supported && !each.expired(now)) return &each;
    }
    return nullptr;
}

version_move plan_version(
    const offered_versions& offered, const std::string& current, auto_update automatically,
    utc_time now
) {
    const auto* newest = newest_supported(offered, now);
    const auto  is     = semver::parse(current);
    const auto  found  = is ? offered.find(*is) : offered.end();
    // It is what somebody wrote, in a sentence of one line.
    const auto version = "version " + in_one_line(current);
    if (found == offered.end()) return forced(newest, "no profile offers " + version);
    const auto& here = found->second;
    if (here.expired(now)) return forced(newest, version + " expired at " + here.end_text());

    const auto stays = [](std::string why) {
        return version_move{version_move::action::none, {}, std::move(why)};
    };
    if (automatically == auto_update::off)
        return stays(version + " has not expired, and autoUpdate is off");
    if (newest == nullptr) return stays("no version is supported");
    if (*semver::parse(newest->version) <= *is)
        return stays(version + " is not older than the newest supported one, " + newest->version);
    return {
        version_move::action::automatic, newest->version,
        newest->version + " is the newest supported version"
    };
}

std::string notice_of_end(
    const offered_versions& offered, const std::string& current, utc_time now
) {
    const auto is    = semver::parse(current);
    const auto found = is ? offered.find(*is) : offered.end();
    if (found != offered.end() && !found->second.expired(now)) return {};
    auto move = plan_version(offered, current, auto_update::off, now);
    if (!move.target) return std::move(move.reason);
    return move.reason + ", and it moves there in its next maintenance window";
}

}  // namespace falconer::falco

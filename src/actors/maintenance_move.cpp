#include "maintenance_move.hpp"

#include <utility>

namespace falconer::actors {
namespace {

using what = move_outcome::what;

constexpr std::size_t most_attempts = 5;

std::string text_of_all(const field_problems& problems) {
    std::string text;
    for (const auto& each : problems) text += (text.empty() ? "" : "; ") + each.text();
    return text;
}

}  // namespace

falco::version_move maintenance_move::decide(const falco::maintained& who) const {
    const auto now     = time_.utc();
    const auto offered = facts_.offered;
    if (!offered) return {.reason = "no FalcoProfile has been read"};
    auto move = falco::move_now(who, offered->falco, now);
    if (known_.asked || who.asked || !move.target) return move;
    const falco::maintenance_past past{
        .wanted_since = known_.wanted_since, .withdrawn = &facts_.withdrawn
    };
    const auto plan = falco::plan_maintenance(who, offered->falco, past, now, facts_.ahead);
    if (!plan.due || *plan.due > now) return {.reason = "its window is closed"};
    return move;
}

/// Both are written at once where both may be, so that Gardener rolls out once.
falco::settled_destinations maintenance_move::settle(const falco::maintained& who) const {
    const auto now = time_.utc();
    if (!facts_.settle) return {};
    const bool may = known_.asked || who.asked || who.window.open_or_next(now).holds(now);
    return may ? facts_.settle(who, now) : falco::settled_destinations{};
}

/// Of a write to which no answer came: whether it has been done.
bool maintenance_move::has_arrived(const falco::maintained& who) const {
    const auto& sent = known_.unanswered;
    if (!sent || who.uid != sent->before.uid) return false;
    if (sent->move.target && who.version != sent->move.target) return false;
    return sent->settled.empty() || who.destinations != sent->before.destinations;
}

task<move_outcome> maintenance_move::run() {
    move_outcome outcome;
    for (;;) {
        auto object = co_await garden_.get(falco::type_of(kind_), key_);
        if (!object) {
            const bool gone = object.error().code == errc::not_found;
            outcome.is      = gone ? what::gone : what::later;
            outcome.why     = object.error().detail;
            co_return outcome;
        }
        auto who    = falco::read_maintained(*object, kind_, facts_.of_seeds);
        outcome.now = who;
        if (has_arrived(who)) {
            outcome.is      = what::moved;
            outcome.before  = known_.unanswered->before;
            outcome.move    = known_.unanswered->move;
            outcome.settled = known_.unanswered->settled;
            co_return outcome;
        }
        if (!who.problems.empty() && who.wanted && !who.leaving) {
            outcome.is     = what::refused;
            outcome.before = who;
            outcome.why    = text_of_all(who.problems);
            co_return outcome;
        }
        auto move    = decide(who);
        auto settled = settle(who);
        if (!move.target && settled.lines.empty()) {
            outcome.is = what::nothing;
            co_return outcome;
        }
        outcome.before  = std::move(who);
        outcome.move    = std::move(move);
        outcome.settled = std::move(settled.lines);
        // With the resourceVersion it was read with: what others have changed meanwhile is theirs.
        auto changed = std::move(*object);
        if (outcome.move.target)
            changed = falco::with_version(std::move(changed), *outcome.move.target);
        if (!outcome.settled.empty())
            changed = falco::with_destinations(std::move(changed), settled.all);
        auto written =
            co_await garden_.update(falco::type_of(kind_), key_, std::move(changed), kube_write{});
        if (written) {
            outcome.is  = what::moved;
            outcome.now = falco::read_maintained(*written, kind_, facts_.of_seeds);
            co_return outcome;
        }
        const auto& wrong = written.error();
        outcome.why       = wrong.detail;
        if (wrong.code == errc::conflict && ++outcome.conflicts < most_attempts) continue;
        if (wrong.code == errc::not_found)
            outcome.is = what::gone;
        else if (wrong.code == errc::conflict || worth_retrying(wrong))
            outcome.is = what::later;
        else
            outcome.is = what::refused;
        outcome.unanswered = wrong.code == errc::timed_out || wrong.code == errc::unavailable;
        co_return outcome;
    }
}

}  // namespace falconer::actors

#include "maintenance.hpp"

#include "falconer/log.hpp"
#include "profiles.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace falconer::actors {
namespace {

using namespace std::chrono_literals;
using falco::maintained_kind;
using action = falco::version_move::action;

/// What nobody tells of is looked for so often.
constexpr auto resync = 1h;

}  // namespace

maintenance::maintenance(
    asio::any_io_executor loop, time_source& time, kube_api& garden, metrics_registry& metrics,
    options opt
)
    : time_(time), garden_(garden), opt_(std::move(opt)), bell_(time.make_bell()),
      failures_(metrics.make_counter(
          "falconer_maintenance_failures_total", "Versions that could not be moved, attempts"
      )),
      conflicts_(metrics.make_counter(
          "falconer_maintenance_conflicts_total",
          "Objects that somebody else has changed first, so that they were decided on again"
      )),
      announcements_(metrics.make_counter(
          "falconer_maintenance_announcements_total", "Forced moves that were announced"
      )),
      shoots_known_(metrics.make_gauge(
          "falconer_maintenance_objects", "Shoots and Seeds that ask for Falco", {{"of", "shoot"}}
      )),
      seeds_known_(metrics.make_gauge(
          "falconer_maintenance_objects", "Shoots and Seeds that ask for Falco", {{"of", "seed"}}
      )),
      automatic_pending_(metrics.make_gauge(
          "falconer_maintenance_pending", "Moves that wait for their window",
          {{"kind", "automatic"}}
      )),
      forced_pending_(metrics.make_gauge(
          "falconer_maintenance_pending", "Moves that wait for their window", {{"kind", "forced"}}
      )),
      unsettled_(metrics.make_gauge(
          "falconer_maintenance_unsettled",
          "Objects that lack, or have still, destinations of the landscape's"
      )),
      stuck_(metrics.make_gauge(
          "falconer_maintenance_stuck", "Those that should leave their version and cannot"
      )),
      scope_(std::move(loop), task_scope::only_log) {  // at_work takes up what one leaves
    facts_.of_seeds = opt_.seeds;
    facts_.ahead    = opt_.ahead;
    facts_.settle   = opt_.settle;
    for (const auto kind : {maintained_kind::shoot, maintained_kind::seed}) {
        settled_[kind] = &metrics.make_counter(
            "falconer_maintenance_destinations_total",
            "Objects into which the landscape's destinations were brought", {{"of", name_of(kind)}}
        );
        for (const auto what : {action::automatic, action::forced})
            moves_[{kind, what}] = &metrics.make_counter(
                "falconer_maintenance_moves_total", "Versions that were moved",
                {{"of", name_of(kind)}, {"kind", name_of(what)}}
            );
    }
}

maintenance::~maintenance() = default;

void maintenance::start() {
    profiles_ = std::make_unique<one_watch>(
        "FalcoProfiles", garden_, profiles_type, kube_selection{}, without_notes,
        [this](const object_change&) {
            if (profiles_->cache().synced()) heard_profiles();
        },
        *bell_
    );
    profiles_->when_synced([this] { heard_profiles(); });
    const kube_selection ours{.labels = falco::maintained_label};
    shoots_ = std::make_unique<one_watch>(
        "Shoots", garden_, falco::type_of(maintained_kind::shoot), ours, falco::reduced_maintained,
        [this](const object_change& change) { heard(maintained_kind::shoot, change); }, *bell_
    );
    seeds_ = std::make_unique<one_watch>(
        "Seeds", garden_, falco::type_of(maintained_kind::seed), ours, falco::reduced_maintained,
        [this](const object_change& change) { heard(maintained_kind::seed, change); }, *bell_
    );
    for (auto* each : {profiles_.get(), shoots_.get(), seeds_.get()})
        scope_.keep("watch " + each->name(), time_, [each] { return each->run(); });
    scope_.keep("maintenance", time_, [this] { return run(); });
}

bool maintenance::synced() const {
    return profiles_ && profiles_->cache().synced() && shoots_->cache().synced() &&
           seeds_->cache().synced();
}

std::vector<std::string> maintenance::troubles() const {
    std::vector<std::string> all;
    for (const auto* each : {profiles_.get(), shoots_.get(), seeds_.get()})
        if (each != nullptr && !each->trouble().empty()) all.push_back(each->trouble());
    return all;
}

// --- what is told -------------------------------------------------------------------------------

void maintenance::heard(maintained_kind kind, const object_change& change) {
    const place at{kind, change.key};
    if (!change.after) {
        forget(at);
        return;
    }
    auto& about      = known_[at];
    auto  is         = falco::read_maintained(*change.after, kind, opt_.seeds);
    about.failures   = 0;
    about.not_before = utc_time::min();
    hear_of_others(about, is);
    learn(about, std::move(is));
    look(at);
}

/// Of what has been asked for is kept that it was: Gardener takes its annotation away at once.
void maintenance::learn(entry& about, falco::maintained who) {
    if (!about.who.uid.empty() && about.who.uid != who.uid) {
        const bool busy = about.busy, ready = about.ready;
        const auto alarm = about.alarm;
        about            = entry{};
        about.busy       = busy;
        about.ready      = ready;
        about.alarm      = alarm;
    }
    if (who.asked && !about.who.asked) about.asked_since = time_.utc();
    about.who = std::move(who);
}

void maintenance::heard_profiles() {
    auto now = read_profiles(profiles_->cache());
    for (const auto& each : now->warnings)
        if (!said_.contains(each))
            log_of("maintenance").warn("a FalcoProfile is odd reason=\"{}\"", each);
    said_ = {now->warnings.begin(), now->warnings.end()};
    if (now->falco.empty()) {
        // More likely a mistake than a landscape without Falco; every version would be expired.
        log_of("maintenance").warn("no FalcoProfile offers a version: nothing is moved");
        facts_.offered.reset();
        return;
    }
    if (last_offered_)
        for (const auto& [version, offer] : last_offered_->falco)
            if (!now->falco.contains(version)) facts_.withdrawn.emplace(version, time_.utc());
    std::erase_if(facts_.withdrawn, [&](const auto& each) {
        return now->falco.contains(each.first);
    });
    facts_.offered = last_offered_ = std::move(now);
    for (const auto& [at, each] : known_) look(at);
}

void maintenance::forget(const place& at) {
    const auto found = known_.find(at);
    if (found == known_.end()) return;
    if (found->second.alarm) agenda_.erase({*found->second.alarm, at});
    known_.erase(found);
}

// --- what follows -------------------------------------------------------------------------------

void maintenance::plan(entry& of) const {
    const auto now  = time_.utc();
    const auto anew = [&] {
        const falco::maintenance_past past{
            .wanted_since = of.wanted_since, .withdrawn = &facts_.withdrawn
        };
        of.plan = falco::plan_maintenance(of.who, facts_.offered->falco, past, now, opt_.ahead);
    };
    anew();
    if (of.plan.move.target == of.wanted.target && of.plan.move.what == of.wanted.what) return;
    of.wanted       = of.plan.move;
    of.wanted_since = now;
    anew();
}

void maintenance::plan_destinations(entry& of) const {
    const auto now   = time_.utc();
    auto       lines = opt_.settle ? opt_.settle(of.who, now).lines : std::vector<std::string>{};
    if (lines != of.unsettled) {
        of.unsettled       = std::move(lines);
        of.unsettled_since = now;
        // Whoever takes out at once what was brought in is not argued with before the next window.
        if (of.unsettled == of.settled_last) of.unsettled_since = std::max(now, of.settle_again);
    }
    of.settle_due.reset();
    if (!of.unsettled.empty())
        of.settle_due = falco::moment_to_settle(of.who, of.unsettled_since, now);
}

/// The mutating review of anybody's update takes away what is no more, and whoever makes the update
/// is seldom the owner. Of what has come nothing is told: whoever wrote it did so himself.
void maintenance::hear_of_others(entry& about, const falco::maintained& now) {
    const bool the_same_one = !about.who.uid.empty() && about.who.uid == now.uid;
    if (!opt_.settle || about.busy || !the_same_one) return;
    if (about.who.destinations == now.destinations) return;
    const auto time = time_.utc();
    const auto lines =
        falco::settled_by_others(opt_.settle(about.who, time).gone, opt_.settle(now, time).gone);
    const bool asks = now.wanted && !now.leaving && now.problems.empty();
    if (asks && !lines.empty()) about.owed = falco::note_of_destinations(about.who, lines);
}

/// Plans, and either puts it into the queue or sets its alarm. Does not suspend.
void maintenance::look(const place& at) {
    auto& of = known_.at(at);
    if (!facts_.offered || of.busy || of.ready) return;
    plan(of);
    plan_destinations(of);
    const auto now = time_.utc();
    if (now >= of.not_before && intent_of(of) != intent::nothing) {
        of.ready = true;
        ready_.push_back(at);
        bell_->ring();
        return;
    }
    auto next = std::min<utc_time>(of.plan.look_again, now + resync);
    for (const auto& each :
         {of.plan.due, falco::next_announcement(of.plan, now, opt_.ahead), of.settle_due,
          std::optional<utc_time>(of.not_before)})
        if (each && *each > now) next = std::min(next, *each);
    set_alarm(at, of, next);
}

void maintenance::set_alarm(const place& at, entry& of, utc_time when) {
    if (of.alarm == when) return;
    if (of.alarm) agenda_.erase({*of.alarm, at});
    of.alarm         = when;
    const auto front = agenda_.emplace(when, at).first == agenda_.begin();
    if (front) bell_->ring();
}

maintenance::intent maintenance::intent_of(entry& of) const {
    const auto now = time_.utc();
    if (of.unanswered) return intent::move;
    if (of.owed) return intent::tell;
    if (of.asked_since) {
        const bool fresh = now - *of.asked_since < opt_.asked;
        const auto what  = falco::move_now(of.who, facts_.offered->falco, now);
        if (fresh && (what.target || !of.unsettled.empty())) return intent::move;
        log_of("maintenance")
            .info(
                "was asked for, and there is nothing to do {}={} reason=\"{}\"", name_of(of.who.is),
                of.who.key.text(), what.reason
            );
        of.asked_since.reset();
    }
    if (of.plan.due && *of.plan.due <= now && of.plan.move.target) return intent::move;
    if (of.settle_due && *of.settle_due <= now) return intent::move;
    return announcement_for(of) ? intent::announce : intent::nothing;
}

std::optional<falco::maintenance_note> maintenance::announcement_for(const entry& of) const {
    auto note =
        falco::announcement_of(of.who, of.plan, facts_.offered->falco, time_.utc(), opt_.ahead);
    if (note && note->reason + note->once == of.announced) return std::nullopt;
    return note;
}

void maintenance::refresh_metrics() {
    std::array<double, 2> objects{}, pending{};
    double                stuck = 0, unsettled = 0;
    for (const auto& [at, each] : known_) {
        ++objects[static_cast<std::size_t>(at.first)];
        if (each.plan.move.target && each.plan.due)
            ++pending[each.plan.move.what == action::forced ? 1 : 0];
        if (each.plan.nowhere_to_go) ++stuck;
        if (!each.unsettled.empty()) ++unsettled;
    }
    shoots_known_.set(objects[0]);
    seeds_known_.set(objects[1]);
    automatic_pending_.set(pending[0]);
    forced_pending_.set(pending[1]);
    stuck_.set(stuck);
    unsettled_.set(unsettled);
}

}  // namespace falconer::actors

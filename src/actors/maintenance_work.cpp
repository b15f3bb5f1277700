#include "falconer/log.hpp"
#include "maintenance.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace falconer::actors {
namespace {

using namespace std::chrono_literals;

/// Failures that nobody is told of: they may mend themselves.
constexpr int patience = 3;

const kube_type events{.kind = "Event", .plural = "events"};

}  // namespace

/// However the work ends, its object is looked at again and its place is free.
struct maintenance::at_work {
    maintenance& of;
    place        at;
    bool         ended = false;  // else it threw, and would again
    ~at_work() {
        --of.working_;
        if (const auto found = of.known_.find(at); found != of.known_.end()) {
            found->second.busy = false;
            if (!ended) of.pause(found->second);
            of.look(at);
        }
        of.bell_->ring();
    }
};

/// The one clock. The wall clock may step, the waiting clock does not: look at least once a minute.
task<void> maintenance::run() {
    for (;;) {
        const auto now = time_.utc();
        while (!agenda_.empty() && agenda_.begin()->first <= now) {
            const auto at = agenda_.begin()->second;
            agenda_.erase(agenda_.begin());
            known_.at(at).alarm.reset();
            look(at);
        }
        while (working_ < opt_.at_once && !ready_.empty()) {
            auto at = std::move(ready_.front());
            ready_.pop_front();
            const auto found = known_.find(at);
            // Gone, and perhaps back: then its turn has come already.
            if (found == known_.end() || !found->second.ready) continue;
            found->second.ready = false;
            found->second.busy  = true;
            ++working_;
            auto name = "maintenance of " + at.second.text();
            scope_.spawn(std::move(name), work(std::move(at)));
        }
        auto wait = std::chrono::ceil<std::chrono::milliseconds>(1min);
        if (!agenda_.empty())
            wait = std::min(
                wait, std::chrono::ceil<std::chrono::milliseconds>(agenda_.begin()->first - now)
            );
        co_await bell_->wait_until(time_.now() + wait);
    }
}

task<void> maintenance::work(place at) {
    at_work    here{*this, at};
    const auto found = known_.find(at);
    if (found != known_.end() && facts_.offered) {
        plan(found->second);  // it has stood in the queue for a while
        plan_destinations(found->second);
        const auto what = intent_of(found->second);
        if (what == intent::tell) co_await pay(at);
        if (what == intent::move) co_await move(at);
        if (what == intent::announce) co_await announce(std::move(at));
    }
    here.ended = true;
}

task<void> maintenance::announce(place at) {
    const auto& of   = known_.at(at);
    auto        note = announcement_for(of);
    if (!note) co_return;  // it fell due between two looks at the clock
    auto       who   = of.who;
    const auto once  = note->reason + note->once;
    const auto text  = note->message;
    const bool told  = co_await tell(who, std::move(*note));
    const auto still = known_.find(at);
    if (told) {
        announcements_.add();
        log_of("maintenance")
            .info("announced {}={} what=\"{}\"", name_of(at.first), at.second.text(), text);
    }
    if (still == known_.end()) co_return;
    if (told)
        still->second.announced = once;
    else
        pause(still->second);
}

task<void> maintenance::pay(place at) {
    const auto note  = known_.at(at).owed;
    auto       who   = known_.at(at).who;
    const bool told  = co_await tell(std::move(who), *note);
    const auto still = known_.find(at);
    if (still == known_.end()) co_return;
    if (told)
        still->second.owed.reset();
    else
        pause(still->second);
}

task<void> maintenance::move(place at) {
    auto&                   of = known_.at(at);
    maintenance_move::known known{
        .asked        = of.asked_since.has_value(),
        .wanted_since = of.wanted_since,
        .unanswered   = of.unanswered
    };
    const bool       no_version = !of.plan.move.target && !of.unsettled.empty();
    maintenance_move attempt(garden_, time_, facts_, at.first, at.second, std::move(known));
    auto             outcome = co_await attempt.run();
    conflicts_.add(outcome.conflicts);
    using is          = move_outcome::what;
    const auto still  = known_.find(at);
    const int  before = still == known_.end() ? 0 : still->second.failures;
    if (still != known_.end()) take_in(still->second, outcome);
    if (outcome.is == is::moved) {
        co_await tell_of(std::move(at), std::move(outcome));
    } else if (outcome.is == is::refused || outcome.is == is::later) {
        const auto target     = outcome.move.target.value_or("another version");
        const bool of_version = outcome.move.target || (outcome.settled.empty() && !no_version);
        failures_.add();
        log_of("maintenance")
            .warn(
                "could not move {}={} to={} again={} reason=\"{}\"", name_of(at.first),
                at.second.text(), of_version ? target : "the landscape's destinations",
                outcome.is == is::later, outcome.why
            );
        const bool worth_a_word = outcome.is == is::refused || before + 1 == patience;
        if (!worth_a_word || !outcome.now) co_return;
        const auto what = of_version ? "Falco " + outcome.before.version.value_or("") +
                                           " could not be moved to " + target
                                     : std::string(
                                           "The landscape's destinations could not be "
                                           "brought into the config of Falco"
                                       );
        auto       note = falco::note_of_failure(*outcome.now, what, outcome.why, time_.utc());
        co_await tell(*outcome.now, std::move(note));
    }
}

/// Of what has been written.
task<void> maintenance::tell_of(place at, move_outcome outcome) {
    const auto& from = outcome.before;
    if (outcome.move.target) {
        moves_.at({at.first, outcome.move.what})->add();
        log_of("maintenance")
            .info(
                "moved {}={} from={} to={} kind={} reason=\"{}\"", name_of(at.first),
                at.second.text(), from.version.value_or(""), *outcome.move.target,
                name_of(outcome.move.what), outcome.move.reason
            );
        auto note = falco::note_of_move(from, outcome.move);
        co_await tell(from, std::move(note));
    }
    if (outcome.settled.empty()) co_return;
    settled_.at(at.first)->add();
    auto note = falco::note_of_destinations(from, outcome.settled);
    log_of("maintenance")
        .info(
            "brought destinations in {}={} what=\"{}\"", name_of(at.first), at.second.text(),
            note.message
        );
    co_await tell(from, std::move(note));
}

void maintenance::take_in(entry& of, move_outcome& outcome) {
    using is       = move_outcome::what;
    const auto now = time_.utc();
    if (outcome.now) learn(of, *outcome.now);
    if (outcome.is != is::later) of.unanswered.reset();
    if (outcome.is == is::later) {
        if (outcome.unanswered) of.unanswered = outcome;
        pause(of);
        return;
    }
    of.asked_since.reset();
    of.failures = 0;
    if (outcome.is == is::moved && !outcome.settled.empty()) {
        of.settled_last = outcome.settled;
        of.settle_again = of.who.window.open_or_next(now).end;
    }
    if (outcome.is == is::refused) {
        // Not before its next window, or before something changes.
        const auto span = of.who.window.open_or_next(now);
        of.not_before   = span.holds(now) ? span.end : now + 1min;
    } else if (outcome.is != is::moved) {
        of.not_before = now + 1min;  // what is known is older than what was found
    }
}

void maintenance::pause(entry& of) {
    const auto doubled =
        static_cast<double>(opt_.first_pause.count()) * std::pow(2, std::min(of.failures++, 20));
    const auto limited = std::min(doubled, static_cast<double>(opt_.longest_pause.count()));
    const auto chance  = opt_.chance ? opt_.chance() : 1.0;
    of.not_before =
        time_.utc() +
        std::chrono::milliseconds(static_cast<std::int64_t>(limited * (0.5 + chance / 2)));
}

/// Told before is as good.
task<bool> maintenance::tell(falco::maintained who, falco::maintenance_note note) {
    auto       event = falco::event_object(who, note, time_.utc());
    const auto key   = key_of(event);
    auto       made  = co_await garden_.create(events, key, std::move(event), kube_write{});
    if (made || made.error().code == errc::already_exists) co_return true;
    log_of("maintenance")
        .warn(
            "an Event could not be written {}={} reason=\"{}\"", name_of(who.is), who.key.text(),
            made.error().detail
        );
    co_return false;
}

}  // namespace falconer::actors

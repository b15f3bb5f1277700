#include "shoot_actor.hpp"

#include "falconer/async.hpp"
#include "falconer/log.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace falconer::actors {

shoot_actor::shoot_actor(
    kube_key key, const shoot_round::surroundings& with, gates& at, const options& opt,
    utc_time first_look
)
    : key_(std::move(key)), with_(with), gates_(at), opt_(opt), bell_(with.time.make_bell()) {
    set_due(first_look);
    want_health(opt.health);
}

/// By both clocks. The wall clock may step back, when somebody sets it right: what was due by it
/// would wait for years, and tokens end meanwhile.
void shoot_actor::set_due(utc_time when) {
    due_              = when;
    const auto within = std::max(when - with_.time.utc(), utc_time::duration::zero());
    due_by_           = with_.time.now() + std::chrono::ceil<steady_time::duration>(within);
}

void shoot_actor::tell(const shoot_message& what) {
    std::visit([this](const auto& fact) { mail_.put(fact); }, what);
    bell_->ring();
}

void shoot_actor::read_mail() {
    mail_.drain(overloaded{
        [this](work_asked) { rounds_wanted_ = 1; },
        // It is no request; but what could not be done, or was left alone because of it, goes on.
        [this](cluster_changed) {
            if (!trouble_.empty() || left_alone_) rounds_wanted_ = 1;
            want_health(opt_.health);
        },
        [this](reference_changed) { rounds_wanted_ = 1; },
        [this](releases_changed) { rounds_wanted_ = 1; },
        // What the resource manager does with our work matters only while we wait for it.
        [this](delivery_changed) {
            if (waits_for_others_) rounds_wanted_ = 1;
            if (is_as_delivered())
                redo_due_.reset();
            else if (!redo_due_)
                redo_due_ = with_.time.utc() + opt_.redo;
            want_health(opt_.health);
        },
        // By ourselves, perhaps: then the round finds nothing to do.
        [this](delivery_lost) { rounds_wanted_ = 1; },
        [this](tokens_refused fact) {
            auto& known = history_.delivery.tokens_refused_before;
            if (known && *known >= fact.issued_before) return;
            known          = fact.issued_before;
            rounds_wanted_ = 1;
        },
        [this](quota_changed fact) {
            if (std::exchange(health_.over_quota, fact.spent) != fact.spent)
                want_health(opt_.health);
        },
        [this](sight_changed fact) {
            const auto           why = fact.reason
                                           ? sight_reason_of(static_cast<int>(std::min<std::uint64_t>(
                                       *fact.reason, std::numeric_limits<std::uint8_t>::max()
                                   )))
                                           : std::nullopt;
            std::optional<sight> seen;
            if (why) seen = sight{*why, fact.since.value_or(with_.time.utc())};
            const bool same = health_.seen && seen && health_.seen->why == seen->why;
            if (same || (!health_.seen && !seen)) return;
            health_.seen = seen;
            want_health(opt_.health);
        },
        [this](heartbeat_changed fact) {
            const bool was = health_.silent_since.has_value();
            // Since when is known best by who said so first.
            if (was != fact.silent_since.has_value()) {
                health_.silent_since = fact.silent_since;
                want_health(opt_.health);
            }
        },
    });
}

/// As far as watches have told: whatever they have not yet is told, and looked at, soon.
bool shoot_actor::is_as_delivered() const {
    return std::ranges::all_of(contents_, [&](const auto& each) {
        const auto found = with_.around.deliveries.find({key_.namespace_name, each.first});
        return found == with_.around.deliveries.end() || found->second.content == each.second;
    });
}

void shoot_actor::heard(falco::extension_class is, std::vector<falco::health_condition> are) {
    health_.is = is;
    if (are == conditions_) return;
    conditions_ = std::move(are);
    want_health(opt_.health);
    bell_->ring();
}

void shoot_actor::want_health(std::chrono::seconds within) {
    const auto when = with_.time.now() + within;
    if (!health_due_ || when < *health_due_) health_due_ = when;
}

task<void> shoot_actor::look_at_health() {
    health_due_.reset();
    round_began_ = with_.time.now();
    shoot_health look(with_.api, with_.access, with_.around, key_, health_, with_.time.utc());
    const auto   whole = [](shoot_health& of, const std::vector<falco::health_condition>& said
                       ) -> task<result<shoot_health::outcome>> {
        auto outcome = co_await of.run(said);
        co_return outcome;
    };
    auto done = co_await with_timeout(with_.time, opt_.limit, whole(look, conditions_));
    round_began_.reset();
    if (done && done->told) conditions_ = std::move(*done->told);
    if (!done || done->look_again) want_health(opt_.unwell);
}

task<void> shoot_actor::run() {
    // Begun anew after it has died: the round that it was in is still wanted.
    if (std::exchange(round_began_, std::nullopt)) rounds_wanted_ = 1;
    for (;;) {
        read_mail();
        // It may have come back while we found that it was gone.
        if (gone_ && rounds_wanted_ == 0) break;
        const auto now  = with_.time.utc();
        const auto due  = redo_due_ ? std::min(due_, *redo_due_) : due_;
        const bool time = now >= due || with_.time.now() >= due_by_;
        const bool look = health_due_ && *health_due_ <= with_.time.now();
        if (rounds_wanted_ == 0 && !time && !look) {
            // The wall clock may step, the waiting clock does not: look at least once an hour.
            const auto wait = std::min<utc_time::duration>(due - now, std::chrono::hours(1));
            auto until      = with_.time.now() + std::chrono::ceil<std::chrono::milliseconds>(wait);
            until           = std::min(until, due_by_);
            if (health_due_) until = std::min(until, *health_due_);
            co_await bell_->wait_until(until);
            continue;
        }
        // Work comes before looking at it.
        const bool round = rounds_wanted_ != 0 || time;
        auto&      gate  = round ? gates_.rounds : gates_.looks;
        co_await gate.enter();
        place_in here(gate);
        if (!round) {
            co_await look_at_health();
            continue;
        }
        read_mail();  // what came while we stood in the queue is seen by this round
        rounds_wanted_ = 0;
        redo_due_.reset();
        round_began_ = with_.time.now();
        auto outcome = co_await one_round();
        round_began_.reset();
        take_in(std::move(outcome));
    }
}

task<round_outcome> shoot_actor::one_round() {
    ++counts_.rounds;
    shoot_round round(with_, key_, history_);
    // As a result: a deadline is a trouble like others.
    const auto whole = [](shoot_round& of) -> task<result<round_outcome>> {
        auto outcome = co_await of.run();
        co_return outcome;
    };
    auto done = co_await with_timeout(with_.time, opt_.limit, whole(round));
    if (done) co_return std::move(*done);
    round_outcome late;
    late.wrong = trouble(std::move(done).error().while_doing("a round"));
    co_return late;
}

void shoot_actor::take_in(round_outcome outcome) {
    counts_.writes += outcome.writes;
    gone_           = outcome.is == round_outcome::what::gone;
    if (gone_) return;
    if (outcome.certificates) history_.delivery.certificates = std::move(outcome.certificates);
    if (outcome.carried_out) history_.carried_out = std::move(outcome.carried_out);
    left_alone_ = !outcome.wrong && !outcome.why.empty();
    want_health(opt_.health);
    waits_for_others_ = outcome.is == round_outcome::what::waiting || outcome.rotating;
    if (outcome.is == round_outcome::what::waiting && !history_.removing_since)
        history_.removing_since = with_.time.utc();
    if (outcome.is == round_outcome::what::done) history_.removing_since.reset();
    if (outcome.wrong) {
        fail(*outcome.wrong, outcome.told_user);
        return;
    }
    if (!trouble_.empty())
        log_of("shoot").info("is well again shoot={} failures={}", key_.text(), history_.failures);
    history_.failures = 0;
    trouble_.clear();
    health_.trouble.clear();
    health_.trouble_codes.clear();
    if (outcome.is == round_outcome::what::done && outcome.why.empty()) {
        contents_              = std::move(outcome.contents);
        health_.left_out       = std::move(outcome.warnings);
        health_.broken_rules   = std::move(outcome.broken_rules);
        health_.version_notice = std::move(outcome.version_notice);
    }
    set_due(std::min(outcome.look_again, with_.time.utc() + with_.opt.resync));
}

void shoot_actor::fail(const trouble& wrong, bool told) {
    ++counts_.failures;
    ++history_.failures;
    // A conflict is a race that somebody else has won: nothing to speak of.
    const bool news = trouble_ != wrong.why.detail && wrong.why.code != errc::conflict;
    if (news)
        log_of("shoot").warn(
            "a round failed shoot={} reason=\"{}\" told={}", key_.text(), wrong.why.detail, told
        );
    if (wrong.why.code != errc::conflict) trouble_ = wrong.why.detail;
    if (told) {
        health_.trouble       = wrong.why.detail;
        health_.trouble_codes = wrong.codes;
    }
    // What only its owner can mend waits for a change, and for the resync.
    const auto again = !wrong.codes.empty() && told
                           ? std::chrono::duration_cast<std::chrono::milliseconds>(with_.opt.resync)
                           : pause();
    set_due(with_.time.utc() + again);
}

std::chrono::milliseconds shoot_actor::pause() const {
    const auto doubled = static_cast<double>(opt_.first_pause.count()) *
                         std::pow(2, std::min(history_.failures - 1, 20));
    const auto limited = std::min(doubled, static_cast<double>(opt_.longest_pause.count()));
    const auto chance  = opt_.chance ? opt_.chance() : 0.5;
    return std::chrono::milliseconds(static_cast<std::int64_t>(limited * (0.5 + chance / 2)));
}

}  // namespace falconer::actors

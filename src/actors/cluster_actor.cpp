#include "cluster_actor.hpp"

#include "falconer/heartbeat.hpp"
#include "falconer/value.hpp"

#include <utility>

namespace falconer::actors {
namespace {

double burst_of(double per_day) {
    return std::max(1.0, per_day / 3);
}

utc_time minute_of(utc_time t) {
    return std::chrono::time_point_cast<utc_time::duration>(
        std::chrono::floor<std::chrono::minutes>(t)
    );
}
utc_time day_of(utc_time t) {
    return std::chrono::time_point_cast<utc_time::duration>(std::chrono::floor<std::chrono::days>(t)
    );
}

bool is_urgent(priority p) {
    return p <= priority::critical;
}

token_bucket ordinary_bucket(const cluster_actor::options& opt, steady_time now) {
    const auto per_day = static_cast<double>(opt.events_per_day);
    return {per_day, burst_of(per_day), now};
}

/// All of its budget may come at once: what is urgent comes in heaps, and is always stored up to
/// it.
token_bucket urgent_bucket(const cluster_actor::options& opt, steady_time now) {
    const auto per_day =
        static_cast<double>(opt.events_per_day) * static_cast<double>(opt.urgent_factor);
    return {per_day, per_day, now};
}

}  // namespace

cluster_actor::cluster_actor(cluster_ref name, options opt, time_source& time)
    : name_(std::move(name)), opt_(opt), time_(time), ordinary_(ordinary_bucket(opt_, time.now())),
      urgent_(urgent_bucket(opt_, time.now())), last_seen_(time.now()) {}

void cluster_actor::tell(const cluster_message& what) {
    std::visit([this](const auto& each) { handle(each); }, what);
}

void cluster_actor::handle(const tokens_revoked& order) {
    tokens_from_ = order.issued_before;
}

void cluster_actor::handle(const budget_changed& fact) {
    set_budget(fact.events_per_day.value_or(opt_.events_per_day));
}

void cluster_actor::handle(const quota_settled& fact) {
    ordinary_.settle(fact.ordinary_left, fact.ordinary_spent, time_.now());
    urgent_.settle(fact.urgent_left, fact.urgent_spent, time_.now());
    samples_day_         = day_of(time_.utc());
    samples_known_       = fact.samples;
    samples_spent_      -= std::min(samples_spent_, fact.samples_spent);
    settled_at_          = time_.now();
    settlement_refused_  = false;
}

void cluster_actor::handle(const token_rotated& fact) {
    if (newest_generation_ && fact.issued <= *newest_generation_) return;
    generation_before_ = std::exchange(newest_generation_, fact.issued);
}

void cluster_actor::handle(const heartbeat_expected& fact) {
    heartbeat_key_ = fact.key;
}

void cluster_actor::handle(const cluster_gone&) {
    heartbeat_key_.reset();
}

/// By the key that its controller has told, or by one that we can make ourselves.
bool cluster_actor::is_proven(std::string_view words, utc_time received) const {
    if (heartbeat_key_ && proves_heartbeat(*heartbeat_key_, words, received)) return true;
    if (!opt_.heartbeats) return false;
    for (const auto* each : {&opt_.heartbeats->current, &opt_.heartbeats->before})
        if (!each->empty() &&
            proves_heartbeat(heartbeat_key_of(*each, name_->text), words, received))
            return true;
    return false;
}

void cluster_actor::look_for_heartbeat(falco_event& event) {
    const bool know_how = opt_.heartbeats && !opt_.heartbeats->current.empty();
    if (!heartbeat_key_ && !know_how) return;
    if (event.texts.get_or_empty(event_texts::part::rule) != heartbeat_rule) return;
    const auto fields = parse_json(event.texts.get_or_empty(event_texts::part::output_fields));
    const auto words  = fields ? fields->text_at({"proc.args"}) : std::string_view{};
    // The Go extension's beats carry no proof, and of those that nobody has told of none is missed.
    if (!heartbeat_key_ && words.find("--proof ") == words.npos) return;
    if (is_proven(words, event.received))
        beat_at_ = time_.now();
    else
        event.set(event_flag::unproven);
}

void cluster_actor::set_budget(std::uint64_t events_per_day) {
    const auto ordinary = static_cast<double>(events_per_day);
    const auto urgent   = ordinary * static_cast<double>(opt_.urgent_factor);
    ordinary_.resize(ordinary, burst_of(ordinary), time_.now());
    urgent_.resize(urgent, urgent, time_.now());
}

bool cluster_actor::token_is_revoked(std::optional<utc_time> issued) const noexcept {
    // One that does not say when it was issued is the Go extension's; by order it may be an old
    // one.
    if (!issued) return tokens_from_.has_value();
    return (tokens_from_ && *issued < *tokens_from_) ||
           (generation_before_ && *issued < *generation_before_);
}

/// The rate as a queue that is served at a steady pace (GCRA), with one second's burst.
std::optional<steady_time::duration> cluster_actor::take_turn(steady_time now) noexcept {
    using namespace std::chrono;
    last_seen_       = now;
    const auto pace  = duration_cast<steady_time::duration>(seconds(1)) / opt_.requests_per_second;
    const auto start = std::max(next_turn_, now - seconds(1));
    const auto wait  = std::max(start - now, steady_time::duration::zero());
    if (wait > opt_.hold) return std::nullopt;
    next_turn_ = start + pace;
    return wait;
}

ingest_record cluster_actor::admit(falco_event event) {
    look_for_heartbeat(event);
    const auto minute = minute_of(event.received);
    switch (quota_verdict(event, minute)) {
        case turn::store: bound_bytes(event); return ingest_record(std::move(event));
        case turn::sample:
            over_quota_at_ = time_.now();
            event.set(event_flag::sampled);
            bound_bytes(event);
            return ingest_record(std::move(event));
        case turn::count: break;
    }
    over_quota_at_ = time_.now();
    return tally_of(event, minute);
}

cluster_actor::turn cluster_actor::quota_verdict(const falco_event& event, utc_time minute) {
    const auto now = time_.now();
    if (is_urgent(event.level) && urgent_.take(now)) {
        ordinary_.take_if_any(now);
        return turn::store;
    }
    if (ordinary_.take(now)) return turn::store;

    if (std::exchange(named_minute_, minute) != minute) named_.clear();
    const auto rule = event.texts.get_or_empty(event_texts::part::rule);
    if (named_.contains(rule) || named_.size() >= opt_.sampled_rules) return turn::count;
    const bool sampled = take_sample(minute);
    if (sampled || named_.size() < opt_.named_rules) named_.emplace(rule);
    return sampled ? turn::sample : turn::count;
}

/// Before the other replicas have heard of ours we take a quarter of what is left, so that all of
/// us together do not take much more than there is.
bool cluster_actor::take_sample(utc_time minute) {
    if (const auto day = day_of(minute); std::exchange(samples_day_, day) != day)
        samples_known_ = 0;
    const auto left = opt_.samples_per_day - std::min(opt_.samples_per_day, samples_known_);
    if (samples_spent_ >= (left + 3) / 4) return false;
    ++samples_spent_;
    return true;
}

event_tally cluster_actor::tally_of(const falco_event& event, utc_time minute) const {
    event_tally tally{.from = name_, .level = event.level, .minute = minute};
    // Made-up rule names must not make rows without end: beyond some they share a row.
    const auto rule = event.texts.get_or_empty(event_texts::part::rule);
    if (named_.contains(rule)) tally.rule = rule;
    return tally;
}

/// Counts it in, if it fits into what is kept of a day.
bool cluster_actor::fits(kept_bodies& kept, utc_time received, std::size_t bytes) const noexcept {
    const auto day = day_of(received);
    if (kept.day != day) kept = {.day = day};
    if (kept.count >= opt_.quarantined_per_day ||
        kept.bytes + bytes > opt_.quarantined_bytes_per_day)
        return false;
    ++kept.count;
    kept.bytes += bytes;
    return true;
}

void cluster_actor::bound_bytes(falco_event& event) {
    const auto raw = event.texts.get(event_texts::part::raw);
    if (!raw || fits(beside_events_, event.received, raw->size())) return;
    event.texts.drop(event_texts::part::raw);
    ++bytes_not_kept_;
}

ingest_record cluster_actor::set_aside(quarantined_body body) {
    if (fits(quarantined_, body.received, body.body.size())) return ingest_record(std::move(body));
    return event_tally{
        .from   = name_,
        .why    = event_tally::cause::quarantine_full,
        .minute = minute_of(body.received),
    };
}

cluster_actor::account cluster_actor::spending() const noexcept {
    return {
        .ordinary_spent   = ordinary_.spent(),
        .urgent_spent     = urgent_.spent(),
        .ordinary_per_day = ordinary_.per_day(),
        .urgent_per_day   = urgent_.per_day(),
        .ordinary_burst   = ordinary_.burst(),
        .urgent_burst     = urgent_.burst(),
        .ordinary_left    = ordinary_.level(),
        .urgent_left      = urgent_.level(),
        .samples_spent    = samples_spent_,
        .samples_left     = opt_.samples_per_day - std::min(opt_.samples_per_day, samples_known_),
        .settled_at       = settled_at_,
        .refused          = settlement_refused_,
    };
}

}  // namespace falconer::actors

#include "sight_watch.hpp"

#include <utility>
#include <vector>

namespace falconer::actors {
namespace {

using namespace std::chrono_literals;
using rest_kind = cluster_signs::rest_kind;

/// Times that are told in another clock differ a little each time.
constexpr auto same = 1min;

/// Of heartbeats and budgets shoots hear by messages of their own; what is only late may pass.
bool is_for_shoots(sight_reason why) {
    using enum sight_reason;
    const auto is = state_of(why);
    return (is == sight_state::silent || is == sight_state::blind) && why != heartbeat_silent &&
           why != over_quota;
}

}  // namespace

sight_watch::sight_watch(
    time_source& time, const clusters& all, sight_ledger& ledger, metrics_registry& metrics,
    blindfold events_wait, options opt, shoot_office* shoots
)
    : time_(time), clusters_(all), ledger_(ledger), events_wait_(std::move(events_wait)), opt_(opt),
      shoots_(shoots),
      outage_(metrics.make_gauge(
          "falconer_sight_outage_clusters",
          "Clusters that have fallen silent together, which is told as one outage of ingest; 0 "
          "where another replica judges."
      )),
      changes_(metrics.make_counter(
          "falconer_sight_changes_total",
          "Changes of how a cluster is seen, by the judgement of this process."
      )),
      failures_(metrics.make_counter(
          "falconer_sight_failures_total",
          "Rounds of looking at clusters that the store did not let through."
      )) {
    for (std::size_t i = 0; i < states_.size(); ++i)
        states_[i] = &metrics.make_gauge(
            "falconer_sight_clusters",
            "Clusters by how they are seen; 0 of all where another replica judges.",
            {{"state", std::string(name_of(static_cast<sight_state>(i)))}}
        );
}

task<void> sight_watch::run() {
    const auto clock = time_.make_bell();
    for (;;) {
        co_await clock->wait_until(time_.now() + opt_.interval);
        auto done = co_await once();
        if (done) continue;
        failures_.add();
        if (const auto held = gate_.open(time_.now()))
            log_of("sight_watch")
                .warn(
                    "nobody looks whether clusters are silent reason=\"{}\" suppressed={}",
                    done.error().detail, *held
                );
    }
}

task<result<void>> sight_watch::once() {
    // What has come and waits would be missed.
    if (events_wait_()) co_return result<void>{};
    auto looked = co_await ledger_.look();
    if (!looked) co_return std::move(looked).error();
    if (!*looked) {
        not_ours();
        co_return result<void>{};
    }
    sight_records all  = std::move(**looked);
    const bool    away = !all.last_round || all.now - *all.last_round > opt_.absence;
    if (away) {
        log_of("sight_watch")
            .info(
                "clusters are looked at from now on; what came before does not count as missed "
                "clusters={}",
                all.clusters.size()
            );
        all.watched_since = all.now;
    }

    std::vector<watched_cluster> signs;
    std::vector<bool>            news;
    signs.reserve(all.clusters.size());
    for (auto& each : all.clusters) {
        news.push_back(complete(each, all.now));
        signs.push_back({each.signs, each.seen});
    }
    const auto seen = judge_landscape(signs, all.outage, all.watched_since, all.now, opt_.limits);

    sight_round round{.watched_since = seen.watched_since, .outage = seen.outage};
    troubles    wrong;
    for (std::size_t i = 0; i < all.clusters.size(); ++i) {
        auto& each = all.clusters[i];
        if (is_for_shoots(seen.clusters[i].why)) wrong.emplace(each.identity, seen.clusters[i]);
        if (!news[i] && each.seen == seen.clusters[i]) continue;
        each.seen = seen.clusters[i];
        round.clusters.push_back(std::move(each));
    }
    if (seen.outage && !all.outage)
        log_of("sight_watch")
            .error(
                "most clusters have fallen silent at once: look at ingest and the way to it "
                "clusters={}",
                seen.outage->clusters
            );
    if (!seen.outage && all.outage)
        log_of("sight_watch").info("clusters are heard again after an outage");
    auto kept = co_await ledger_.keep(std::move(round));
    if (!kept) co_return std::move(kept).error();
    changes_.add(*kept);
    count(seen);
    tell_shoots(std::move(wrong));
    co_return result<void>{};
}

bool sight_watch::settle_rest(sight_record& record, const clusters::knowledge& known, utc_time now)
    const {
    auto&      is   = record.signs;
    const auto rest = [&](rest_kind kind) {
        if (is.rests == kind) return false;
        is.rests       = kind;
        is.rests_since = now;
        return true;
    };
    const auto wake = [&] {
        if (is.rests == rest_kind::none) return false;
        is.rests       = rest_kind::none;
        is.awake_since = now;
        return true;
    };
    if (known.gone) return rest(rest_kind::gone);
    if (known.asleep.value_or(false)) return rest(rest_kind::hibernated);
    if (known.asleep || known.beats_expected) return wake();
    // Nobody says so any more, and it sends: whoever wakes it is not one that we hear of.
    const bool sends = is.event && *is.event > is.rests_since + opt_.limits.farewell;
    if (is.rests == rest_kind::hibernated && sends) return wake();
    return false;
}

bool sight_watch::complete(sight_record& record, utc_time now) const {
    const auto known = clusters_.known_of(record.identity);
    const auto at    = [&](steady_time when) {
        const auto ago = std::chrono::duration_cast<utc_time::duration>(time_.now() - when);
        return utc_time{std::chrono::floor<std::chrono::seconds>(now - ago)};
    };
    auto& is   = record.signs;
    bool  news = settle_rest(record, known, now);

    is.beats_expected = known.beats_expected;
    if (known.beat && at(*known.beat) > is.beat.value_or(utc_time{}) + same) {
        is.beat = at(*known.beat);
        news    = true;
    }
    const bool silent = record.seen && record.seen->why == sight_reason::heartbeat_silent;
    const bool fresh  = is.beat && now - *is.beat < opt_.old_beat;
    if (known.beats_expected && !silent && !fresh) {
        // Of old there was no heartbeat, or none for long: this is one that begins.
        const auto since = at(known.expected_since);
        if (since > is.awake_since + same) {
            is.awake_since = since;
            news           = true;
        }
        if (is.beat && *is.beat < is.awake_since) is.beat.reset();
    }
    return news;
}

void sight_watch::count(const landscape_sight& all) {
    std::array<std::size_t, 4> by_state{};
    for (const auto& each : all.clusters) ++by_state[static_cast<std::size_t>(each.is())];
    for (std::size_t i = 0; i < states_.size(); ++i)
        states_[i]->set(static_cast<double>(by_state[i]));
    outage_.set(all.outage ? static_cast<double>(all.outage->clusters) : 0);
}

void sight_watch::not_ours() {
    for (auto* const each : states_) each->set(0);
    outage_.set(0);
    tell_shoots({});  // whoever judges now tells what is so
}

/// What holds is told every time, what holds no longer once.
void sight_watch::tell_shoots(troubles now) {
    if (shoots_ == nullptr) return;
    for (const auto& name : told_)
        if (!now.contains(name)) shoots_->tell({name}, sight_changed{});
    told_.clear();
    for (const auto& [name, seen] : now) {
        shoots_->tell({name}, sight_changed{static_cast<std::uint64_t>(seen.why), seen.since});
        told_.insert(name);
    }
}

}  // namespace falconer::actors

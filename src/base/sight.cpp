#include "falconer/sight.hpp"

#include <algorithm>
#include <array>

namespace falconer {
namespace {

struct cause {
    sight_reason     why;
    std::string_view name, sentence;
};

constexpr cause causes[] = {
    {sight_reason::well, "Healthy", "what is expected of it comes"},
    {sight_reason::hibernated, "Hibernated", "it is hibernated, and nothing is expected of it"},
    {sight_reason::gone, "Gone", "nobody looks after it here any more"},
    {sight_reason::no_rhythm, "NoRhythm",
     "it sends no heartbeats, and events too rarely to tell whether some are missing"},
    {sight_reason::heartbeat_late, "HeartbeatLate", "a heartbeat is overdue"},
    {sight_reason::events_late, "EventsLate", "it usually sends events more often"},
    {sight_reason::nodes_missing, "NodesMissing", "fewer nodes send heartbeats than it has"},
    {sight_reason::ingest_outage, "IngestOutage",
     "most clusters have fallen silent at once: look at the ingestor and the way to it first"},
    {sight_reason::heartbeat_silent, "HeartbeatSilent",
     "no heartbeat comes: Falco does not run, cannot send, or somebody has stopped it"},
    {sight_reason::events_silent, "EventsSilent",
     "no events come, though it usually sends them much more often"},
    {sight_reason::tokens_refused, "TokensRefused",
     "it presents tokens that are expired or revoked; the events that come with them are lost"},
    {sight_reason::only_rubbish, "OnlyRubbish",
     "nothing that it sends can be stored; it ends in quarantine"},
    {sight_reason::falco_drops, "FalcoDropsEvents",
     "Falco says that it misses system calls, and so what happens in them"},
    {sight_reason::over_quota, "OverQuota",
     "it has spent its budget of events: of the rest a sample is kept, all are counted"},
};

const cause& cause_of(sight_reason why) noexcept {
    const auto* const found = std::ranges::find(causes, why, &cause::why);
    return found != std::end(causes) ? *found : causes[0];
}

constexpr std::array<std::string_view, 4> states{"healthy", "late", "silent", "blind"};

/// What is overdue, by one kind of sign.
struct expected_sign {
    std::optional<utc_time> last{};
    utc_time::duration      late{}, silent{};
    sight_reason            is_late{}, is_silent{};
};

std::optional<expected_sign> expectation_of(
    const cluster_signs& signs, std::optional<utc_time> arrival, const sight_limits& by
) {
    if (signs.beats_expected)
        return expected_sign{
            signs.beat, by.beat_late, by.silence, sight_reason::heartbeat_late,
            sight_reason::heartbeat_silent
        };
    if (!signs.gap || *signs.gap > by.longest_gap) return std::nullopt;
    const auto gap = std::chrono::duration_cast<utc_time::duration>(*signs.gap);
    return expected_sign{
        arrival, std::max<utc_time::duration>(gap * by.late_gaps, by.soonest_late),
        std::max<utc_time::duration>(gap * by.silent_gaps, by.soonest_silent),
        sight_reason::events_late, sight_reason::events_silent
    };
}

bool is_quiet(sight_reason why) {
    using enum sight_reason;
    return why == heartbeat_late || why == events_late || why == heartbeat_silent ||
           why == events_silent;
}

utc_time last_arrival(const cluster_signs& of) {
    auto last = utc_time::min();
    for (const auto& each :
         {of.event, of.beat, of.quota.last, of.rubbish.last, of.refused.last, of.drops.last})
        if (each) last = std::max(last, *each);
    return last;
}

}  // namespace

sight_state state_of(sight_reason why) noexcept {
    return static_cast<sight_state>(static_cast<std::uint8_t>(why) / 10);
}

std::string_view name_of(sight_state is) noexcept {
    return states[static_cast<std::size_t>(is)];
}

std::string_view name_of(sight_reason why) noexcept {
    return cause_of(why).name;
}

std::string_view sentence_of(sight_reason why) noexcept {
    return cause_of(why).sentence;
}

std::optional<sight_state> sight_state_of(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(states, name);
    if (found == states.end()) return std::nullopt;
    return static_cast<sight_state>(found - states.begin());
}

std::optional<sight_reason> sight_reason_of(int number) noexcept {
    const auto* const found = std::ranges::find(causes, number, [](const cause& each) {
        return static_cast<int>(each.why);
    });
    if (found == std::end(causes)) return std::nullopt;
    return found->why;
}

sight judge_sight(
    const cluster_signs& signs, const std::optional<sight>& before, utc_time watched_since,
    utc_time now, const sight_limits& by
) {
    using enum sight_reason;
    using rest_kind = cluster_signs::rest_kind;
    const auto is   = [&](sight_reason why, utc_time since) {
        const bool same = before && before->why == why;
        return sight{why, same ? before->since : since};
    };
    auto arrival = signs.event;
    if (signs.quota.last) arrival = std::max(arrival.value_or(utc_time::min()), *signs.quota.last);

    if (signs.rests == rest_kind::hibernated) return is(hibernated, signs.rests_since);
    const bool back = arrival && *arrival > signs.rests_since + by.farewell;
    if (signs.rests == rest_kind::gone && !back) return is(gone, signs.rests_since);

    const auto lasts = [&](const trouble_trail& of) {
        return of.minutes >= by.trouble_minutes && of.first && of.last;
    };
    // A good event after the last bad one, and it is over.
    const auto over = [&](const trouble_trail& of) {
        return arrival && *arrival > *of.last + std::chrono::minutes(1);
    };
    const bool wakes = now - signs.awake_since < by.waking;
    if (!wakes && lasts(signs.refused) && !over(signs.refused))
        return is(tokens_refused, *signs.refused.first);
    if (lasts(signs.rubbish) && (!arrival || *arrival < *signs.rubbish.first))
        return is(only_rubbish, *signs.rubbish.first);

    const auto due     = expectation_of(signs, arrival, by);
    const auto heard   = due ? due->last.value_or(signs.awake_since) : utc_time{};
    const auto overdue = now - std::max({heard, signs.awake_since, watched_since});
    // Whoever was silent stays so until he is heard, whoever else has not looked meanwhile.
    const bool still =
        due && before && before->is() == sight_state::silent && heard <= before->since;
    if (due && (still || overdue > due->silent)) {
        if (due->is_silent == events_silent && now - heard > by.given_up) return is(gone, heard);
        // Of what is missing the time is that of the last sign, however often it is looked at.
        return {due->is_silent, heard};
    }
    if (lasts(signs.drops)) return is(falco_drops, *signs.drops.first);
    if (lasts(signs.quota)) return is(over_quota, *signs.quota.first);
    if (due && overdue > due->late) return {due->is_late, heard};

    const bool settled = now - std::max(signs.awake_since, watched_since) > by.silence;
    if (signs.beats_expected && settled && signs.nodes_beating < signs.nodes_expected)
        return is(nodes_missing, now);
    return is(due ? well : no_rhythm, now);
}

landscape_sight judge_landscape(
    std::span<const watched_cluster> clusters, const std::optional<sight_outage>& before,
    utc_time watched_since, utc_time now, const sight_limits& by
) {
    landscape_sight all{.watched_since = watched_since};
    all.clusters.reserve(clusters.size());
    std::vector<std::size_t> quiet;
    auto                     last = utc_time::min();
    for (const auto& each : clusters) {
        const auto one = judge_sight(each.signs, each.before, watched_since, now, by);
        // Whoever has been silent before then has his own reason.
        const bool long_silent = each.before && each.before->is() == sight_state::silent;
        if (is_quiet(one.why) && !long_silent) {
            quiet.push_back(all.clusters.size());
            last = std::max(last, one.since);
        }
        all.clusters.push_back(one);
    }
    std::size_t heard = 0;  // of the others
    for (std::size_t i = 0; i < clusters.size(); ++i)
        if (!is_quiet(all.clusters[i].why) && last_arrival(clusters[i].signs) > last) ++heard;
    const bool outage = quiet.size() >= by.outage_clusters && heard < quiet.size();
    if (outage) {
        all.outage = sight_outage{before ? before->since : last, quiet.size()};
        for (const auto i : quiet) all.clusters[i].why = sight_reason::ingest_outage;
        return all;
    }
    if (!before) return all;
    // It has just ended: clusters have time again to be heard.
    all.watched_since = now;
    for (std::size_t i = 0; i < clusters.size(); ++i)
        all.clusters[i] = judge_sight(clusters[i].signs, clusters[i].before, now, now, by);
    return all;
}

}  // namespace falconer

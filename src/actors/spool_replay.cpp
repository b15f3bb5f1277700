#include "spool_replay.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {
namespace {

bool has_tallies(const record_batch& batch) {
    return std::ranges::any_of(batch.records, [](const ingest_record& each) {
        return std::holds_alternative<event_tally>(each);
    });
}

/// `count` records from `first` on, as a batch of their own. Copied: the whole may be needed again.
record_batch part_of(const record_batch& whole, std::size_t first, std::size_t count) {
    const auto   begin = whole.records.begin() + static_cast<std::ptrdiff_t>(first);
    record_batch part{.id = id_of_part(whole.id, 8 + first), .records = {}, .replayed = true};
    part.records.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    return part;
}

}  // namespace

spool_replay::spool_replay(
    time_source& time, isolation& store, event_spool& spool, spool_shares& shares,
    metrics_registry& metrics, options opt, stored_hook stored, failed_hook failed
)
    : time_(time), store_(store), spool_(spool), shares_(shares), opt_(opt),
      stored_(std::move(stored)), failed_(std::move(failed)), most_(opt.batch_records),
      limit_(opt.limit), bell_(time.make_bell()), jitter_(std::random_device{}()) {
    constexpr std::pair<kept_as, const char*> ways[] = {
        {kept_as::committed, "committed"},     {kept_as::duplicate, "duplicate"},
        {kept_as::quarantined, "quarantined"}, {kept_as::counted, "counted"},
        {kept_as::dead_letter, "dead_letter"},
    };
    for (const auto& [how, name] : ways)
        replayed_[static_cast<std::size_t>(how)] = &metrics.make_counter(
            "falconer_spool_replayed_total", "Records taken from the spool to the store, by how.",
            {{"as", name}}
        );
}

task<void> spool_replay::run() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.pause;
    for (;;) {
        if (spool_.status().pending == 0) {
            co_await bell_->wait_until(time_.now() + opt_.look);
            continue;
        }
        const bool went = co_await replay_one();
        if (went) {
            pause = opt_.pause;
            continue;
        }
        co_await clock->wait_until(time_.now() + jittered(pause));
        pause = std::min(2 * pause, opt_.longest_pause);
    }
}

task<bool> spool_replay::replay_one() {
    auto oldest = co_await spool_.front(most_);
    if (!oldest) {
        say("the spool cannot be read", oldest.error());
        co_return false;
    }
    if (!oldest->has_value()) co_return false;
    auto& what    = **oldest;
    what.replayed = true;

    const auto begun  = time_.now();
    auto       stored = co_await insert(what);
    if (!stored) {
        went_wrong(what, stored.error());
        co_return false;
    }
    went_well();
    stored_(time_.now() - begun);
    for (const auto how : *stored) replayed_[static_cast<std::size_t>(how)]->add();
    shares_.take(what);
    auto gone = co_await spool_.pop();
    co_return static_cast<bool>(gone);
}

task<result<isolation::verdicts>> spool_replay::insert(const record_batch& what) {
    const auto size = what.records.size();
    if (size <= most_ || has_tallies(what)) co_return co_await store_.insert(what, limit_);
    isolation::verdicts all;
    const auto          most = most_;
    for (std::size_t first = 0; first < size; first += most) {
        const auto part = part_of(what, first, std::min(most, size - first));
        auto       some = co_await store_.insert(part, limit_);
        if (!some) co_return some;
        all.insert(all.end(), some->begin(), some->end());
    }
    co_return all;
}

void spool_replay::went_well() {
    most_  = std::min(2 * most_, opt_.batch_records);
    limit_ = std::max(limit_ / 2, opt_.limit);
}

void spool_replay::went_wrong(const record_batch& what, const failure& why) {
    failed_();
    say("the store does not take a batch of the spool; it comes again", why);
    if (why.code != errc::timed_out) return;
    limit_ = std::min(2 * limit_, opt_.longest_limit);
    if (!has_tallies(what))
        most_ = std::max<std::size_t>(std::min(most_, what.records.size()) / 2, 1);
}

void spool_replay::say(const char* what, const failure& why) {
    if (const auto held = gate_.open(time_.now()))
        log_of("store_writer")
            .error(
                "{} reason=\"{}\" records_at_once={} limit_ms={} suppressed={}", what, why.detail,
                most_, limit_.count(), *held
            );
}

std::chrono::milliseconds spool_replay::jittered(std::chrono::milliseconds pause) {
    std::uniform_int_distribution<std::int64_t> within(pause.count() / 2, pause.count());
    return std::chrono::milliseconds(within(jitter_));
}

}  // namespace falconer::actors

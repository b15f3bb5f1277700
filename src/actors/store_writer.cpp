#include "store_writer.hpp"

#include "falconer/mailbox.hpp"

#include <asio/error.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <iterator>
#include <system_error>

namespace falconer::actors {
namespace {

using namespace std::chrono_literals;

/// The store understood the batch and will never take it as it is.
bool is_poison(const failure& why) {
    return why.code == errc::malformed || why.code == errc::too_large || why.code == errc::conflict;
}

kept_as kept(stored_as how) {
    constexpr kept_as same[] = {
        kept_as::committed, kept_as::duplicate, kept_as::quarantined, kept_as::counted
    };
    return same[static_cast<std::size_t>(how)];
}

/// What the store refuses, set aside; and what it refuses even then, counted at least.
ingest_record set_aside(ingest_record culprit, const failure& why) {
    if (auto* event = std::get_if<falco_event>(&culprit)) {
        return quarantined_body{
            .from     = event->from,
            .received = event->received,
            .about    = "store",
            .reason   = "the store refuses it: " + why.detail,
            .body     = body_of(*event),
        };
    }
    const auto received = std::visit(
        overloaded{
            [](const falco_event& e) { return e.received; },
            [](const quarantined_body& q) { return q.received; },
            [](const event_tally& t) { return t.minute; },
        },
        culprit
    );
    return event_tally{
        .from   = sender_of(culprit),
        .why    = event_tally::cause::quarantine_full,
        .minute = std::chrono::floor<std::chrono::minutes>(received),
    };
}

/// An id for a part of a batch: the same whenever the batch is divided again, so that the store
/// knows the part's tallies again. Source of the mixing: SplitMix64.
uuid id_of_part(const uuid& whole, std::uint64_t which) {
    const auto mixed = [](std::uint64_t x) {
        x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
        x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
        return x ^ (x >> 31);
    };
    uuid          part;
    std::uint64_t state = which;
    for (std::size_t at = 0; at < part.bytes.size(); at += sizeof state) {
        std::uint64_t word = 0;
        std::memcpy(&word, whole.bytes.data() + at, sizeof word);
        state = mixed(state + word + 0x9E37'79B9'7F4A'7C15);
        std::memcpy(part.bytes.data() + at, &state, sizeof state);
    }
    return part;
}

using insert_result = result<std::vector<stored_as>>;

/// A throw would end the one who stores for all. It came of the batch's contents: so it is refused
/// like every other poison, and the culprit will be found.
task<insert_result> without_throws(task<insert_result> work) {
    std::string why;
    try {
        co_return co_await std::move(work);
    } catch (const std::system_error& stopped) {
        if (stopped.code() == asio::error::operation_aborted) throw;
        why = stopped.what();
    } catch (const std::exception& broken) {
        why = broken.what();
    }
    log_of("store_writer").error("storing a batch threw what=\"{}\"", why);
    co_return failure{errc::malformed, "storing it threw: " + why};
}

}  // namespace

store_writer::store_writer(
    asio::any_io_executor loop, time_source& time, event_store& store, event_spool& spool,
    metrics_registry& metrics, options opt
)
    : loop_(std::move(loop)), time_(time), store_(store), spool_(spool), opt_(opt),
      bell_(time.make_bell()), replay_bell_(time.make_bell()), probe_bell_(time.make_bell()),
      jitter_(std::random_device{}()),
      count_{
          .store_failures = metrics.make_counter(
              "falconer_store_failures_total", "Batches the store did not take when asked."
          ),
          .spool_failures = metrics.make_counter(
              "falconer_spool_failures_total", "Batches the spool did not take when asked."
          ),
          .beyond_share = metrics.make_counter(
              "falconer_spool_beyond_share_total",
              "Records held because their cluster had filled its part of the spool."
          ),
          .isolated = metrics.make_counter(
              "falconer_store_isolated_total",
              "Records the store refused for their contents; they were quarantined."
          ),
          .away = metrics.make_gauge(
              "falconer_store_away", "1 while batches go to the spool because the store is away."
          ),
          .batch_records = metrics.make_histogram(
              "falconer_store_batch_records", "Records per batch.", {1, 4, 16, 64, 256, 512}
          ),
          .batch_seconds = metrics.make_histogram(
              "falconer_store_batch_seconds", "From a batch's beginning to its end in the store.",
              {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1}
          ),
          .turned_away = metrics.make_counter(
              "falconer_ingest_turned_away_total",
              "Records neither the store nor the spool took while their sender was held."
          ),
      },
      scope_(loop_, task_scope::only_log) {  // of a batch that dies its senders hear
    constexpr const char* ways[] = {"committed", "duplicate", "quarantined", "counted"};
    for (std::size_t i = 0; i < replayed_.size(); ++i)
        replayed_[i] = &metrics.make_counter(
            "falconer_spool_replayed_total", "Records taken from the spool to the store, by how.",
            {{"as", ways[i]}}
        );
}

// --- taking in ----------------------------------------------------------------------------------

task<result<kept_as>> store_writer::submit(ingest_record record) {
    const auto until = time_.now() + opt_.hold;
    if (away_ && !shares_.fits(record, spool_.status())) {
        const bool fits = co_await wait_for_share(record, until);
        if (!fits)
            co_return failure{
                errc::unavailable, "the store is away, and the cluster's part of the spool is full"
            };
    }
    if (closed_) co_return failure{errc::unavailable, "closing"};
    const auto size = bytes_of(record);
    if (waiting_bytes_ + size > opt_.waiting_bytes)
        co_return failure{errc::overloaded, "too many bytes wait to be stored"};

    auto  answer = std::make_shared<reply>(loop_);
    auto& in     = std::holds_alternative<event_tally>(record) ? tallies_ : events_;
    in.queue.push_back({std::move(record), answer, until});
    waiting_bytes_ += size;
    if (may_begin(in)) bell_->ring();
    co_return co_await answer->get();
}

/// False: neither the store nor its cluster's part of the spool took it in time.
task<bool> store_writer::wait_for_share(const ingest_record& record, steady_time until) {
    const auto clock = time_.make_bell();
    count_.beyond_share.add();
    while (away_ && !closed_ && !shares_.fits(record, spool_.status())) {
        if (time_.now() >= until) {
            count_.turned_away.add();
            co_return false;
        }
        co_await clock->wait_until(std::min(until, time_.now() + opt_.share_look));
    }
    co_return true;
}

bool store_writer::may_begin(const lane& in) const noexcept {
    if (in.queue.empty() || in.under_way >= in.batches_at_once) return false;
    return in.under_way == 0 || closed_ || in.queue.size() >= opt_.second_batch_records;
}

bool store_writer::begin(lane& in) {
    if (!may_begin(in)) return false;
    ++in.under_way;
    auto next = std::make_shared<batch>(take_batch(in.queue));
    if (&in == &tallies_) next->what.done = std::exchange(done_, {});
    scope_.spawn("batch", keep(std::move(next), in));
    return true;
}

bool store_writer::idle() const noexcept {
    return waiting_records() == 0 && events_.under_way + tallies_.under_way == 0;
}

task<void> store_writer::run() {
    if (!std::exchange(attended_, true)) {
        scope_.keep("replay", time_, [this] { return replay(); });
        scope_.keep("probe", time_, [this] { return probe(); });
    }
    while (!closed_ || !idle()) {
        const bool events = begin(events_), tallies = begin(tallies_);
        if (events || tallies) continue;
        co_await bell_->wait_until(never);
    }
}

steady_time::duration store_writer::longest_wait() const {
    return begun_.empty() ? steady_time::duration::zero() : time_.now() - begun_.front();
}

void store_writer::close() {
    closed_ = true;
    bell_->ring();
}

task<void> store_writer::stop() {
    co_await scope_.stop();
}

store_writer::batch store_writer::take_batch(std::deque<entry>& queue) {
    batch next;
    next.what.id      = uuid::random();
    std::size_t bytes = 0;
    while (!queue.empty() && next.answers.size() < opt_.batch_records && bytes < opt_.batch_bytes) {
        auto& first  = queue.front();
        bytes       += bytes_of(first.record);
        next.what.records.push_back(std::move(first.record));
        next.answers.push_back(std::move(first.answer));
        next.until.push_back(first.until);
        queue.pop_front();
    }
    return next;
}

// --- one fresh batch ----------------------------------------------------------------------------

/// However it ends, its senders have an answer and its place in the lane is free again.
task<void> store_writer::keep(std::shared_ptr<batch> fresh, lane& in) {
    const auto begun = begun_.insert(begun_.end(), time_.now());
    count_.batch_records.observe(static_cast<double>(fresh->answers.size()));
    std::exception_ptr broken;
    try {
        auto work = keep_trying(*fresh);
        co_await std::move(work);
    } catch (...) {
        broken = std::current_exception();
    }
    begun_.erase(begun);
    --in.under_way;
    bell_->ring();
    if (!broken) co_return;
    give_up(*fresh);
    std::rethrow_exception(broken);
}

task<void> store_writer::keep_trying(batch& fresh) {
    const auto clock = time_.make_bell();
    auto       pause = opt_.pause;
    for (;;) {
        const bool done = co_await keep_once(fresh);
        if (done) co_return;
        turn_away_overdue(fresh);
        if (fresh.answers.empty()) co_return;
        const auto first_due = std::ranges::min(fresh.until);
        co_await clock->wait_until(std::min(time_.now() + jittered(pause), first_due));
        pause = std::min(2 * pause, opt_.longest_pause);
    }
}

task<bool> store_writer::keep_once(batch& fresh) {
    if (may_try_the_store()) {
        const auto begun  = time_.now();
        auto       stored = co_await insert(fresh.what, opt_.store_limit);
        if (stored) {
            count_.batch_seconds.observe(std::chrono::duration<double>(time_.now() - begun).count()
            );
            came_back();
            answer_stored(fresh, *stored);
            if (std::ranges::find(*stored, stored_as::counted) != stored->end())
                done_.push_back(fresh.what.id);
            co_return true;
        }
        went_away(stored.error());
    }
    done_.insert(done_.end(), fresh.what.done.begin(), fresh.what.done.end());  // next time
    fresh.what.done.clear();
    auto spooled = co_await spool_.append(fresh.what);
    if (spooled) {
        refusing_ = false;
        shares_.put(fresh.what);
        answer_spooled(fresh);
        replay_bell_->ring();
        co_return true;
    }
    refuse(spooled.error());
    co_return false;
}

/// An absent store is tried by the replay. With nothing to replay, now and then by a fresh batch.
bool store_writer::may_try_the_store() {
    if (!away_) return true;
    if (spool_.status().pending > 0 || time_.now() < next_probe_) return false;
    next_probe_ = time_.now() + opt_.store_limit;
    return true;
}

task<result<store_writer::verdicts>> store_writer::insert(
    const record_batch& what, steady_time::duration limit
) {
    auto whole  = without_throws(store_.insert(what));
    auto stored = co_await with_timeout(time_, limit, std::move(whole));
    if (stored || !is_poison(stored.error())) co_return stored;

    if (what.records.size() == 1) {
        if (std::holds_alternative<event_tally>(what.records[0])) {
            co_return failure{errc::unavailable, stored.error().detail}.while_doing("counting");
        }
        count_.isolated.add();
        record_batch instead{
            .id       = id_of_part(what.id, 3),
            .records  = {set_aside(what.records[0], stored.error())},
            .replayed = what.replayed
        };
        co_return co_await insert(instead, limit);  // the substitute may be refused too
    }
    co_return co_await insert_halves(what, limit);
}

/// One bad record among n costs about 2 log2(n) further inserts, and nobody else his place.
task<result<store_writer::verdicts>> store_writer::insert_halves(
    record_batch what, steady_time::duration limit
) {
    // Ids of their own: nothing of the whole was stored, and each half is stored by itself.
    const auto   whole  = what.id;
    const auto   middle = static_cast<std::ptrdiff_t>(what.records.size() / 2);
    record_batch second{.id = id_of_part(whole, 2), .records = {}, .replayed = what.replayed};
    second.records.assign(
        std::make_move_iterator(what.records.begin() + middle),
        std::make_move_iterator(what.records.end())
    );
    what.records.erase(what.records.begin() + middle, what.records.end());
    what.id = id_of_part(whole, 1);

    auto left = co_await insert(what, limit);
    if (!left) co_return left;
    auto right = co_await insert(second, limit);
    if (!right) co_return right;
    left->insert(left->end(), right->begin(), right->end());
    co_return left;
}

// --- the spool's way back -----------------------------------------------------------------------

task<void> store_writer::replay() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.pause;
    for (;;) {
        if (spool_.status().pending == 0) {
            co_await replay_bell_->wait_until(never);
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

task<bool> store_writer::replay_one() {
    auto oldest = co_await spool_.front(opt_.batch_records);
    if (!oldest) {
        if (const auto held = gate_.open(time_.now()))
            log_of("store_writer")
                .error(
                    "the spool cannot be read reason=\"{}\" suppressed={}", oldest.error().detail,
                    *held
                );
        co_return false;
    }
    if (!oldest->has_value()) co_return false;
    auto& what    = **oldest;
    what.replayed = true;

    auto stored = co_await insert(what, opt_.replay_limit);
    if (!stored) {
        went_away(stored.error());
        co_return false;
    }
    came_back();
    for (const auto how : *stored) replayed_[static_cast<std::size_t>(how)]->add();
    shares_.take(what);
    auto gone = co_await spool_.pop();
    co_return static_cast<bool>(gone);
}

// --- answers ------------------------------------------------------------------------------------

void store_writer::settle(batch& fresh, std::size_t which, result<kept_as> how) {
    waiting_bytes_ -= bytes_of(fresh.what.records[which]);
    std::exchange(fresh.answers[which], nullptr)->set(std::move(how));
}

void store_writer::answer_stored(batch& fresh, const verdicts& how) {
    for (std::size_t i = 0; i < fresh.answers.size(); ++i) settle(fresh, i, kept(how[i]));
}

void store_writer::answer_spooled(batch& fresh) {
    for (std::size_t i = 0; i < fresh.answers.size(); ++i) settle(fresh, i, kept_as::spooled);
}

/// Those that have no answer yet.
void store_writer::give_up(batch& fresh) {
    for (std::size_t i = 0; i < fresh.answers.size(); ++i)
        if (fresh.answers[i])
            settle(fresh, i, failure{errc::unavailable, "storing it was broken off"});
}

void store_writer::turn_away_overdue(batch& fresh) {
    const auto now = time_.now();
    batch      rest;
    rest.what.id = fresh.what.id;
    for (std::size_t i = 0; i < fresh.answers.size(); ++i) {
        if (fresh.until[i] <= now) {
            count_.turned_away.add();
            settle(
                fresh, i, failure{errc::unavailable, "neither the store nor the spool takes events"}
            );
            continue;
        }
        rest.what.records.push_back(std::move(fresh.what.records[i]));
        rest.answers.push_back(std::move(fresh.answers[i]));
        rest.until.push_back(fresh.until[i]);
    }
    fresh = std::move(rest);
}

void store_writer::went_away(const failure& why) {
    count_.store_failures.add();
    next_probe_ = time_.now() + opt_.store_limit;
    if (std::exchange(away_, true)) return;
    count_.away.set(1);
    // A store that comes and goes is told now and then; who hears "away" hears "back".
    const auto held = away_gate_.open(time_.now());
    said_away_      = held.has_value();
    if (held)
        log_of("store_writer")
            .warn(
                "the store is away, events go to the spool reason=\"{}\" suppressed={}", why.detail,
                *held
            );
}

void store_writer::came_back() {
    refusing_ = false;
    if (!std::exchange(away_, false)) return;
    count_.away.set(0);
    if (std::exchange(said_away_, false))
        log_of("store_writer")
            .info("the store is back spooled_records={}", spool_.status().pending);
}

std::chrono::milliseconds store_writer::jittered(std::chrono::milliseconds pause) {
    std::uniform_int_distribution<std::int64_t> within(pause.count() / 2, pause.count());
    return std::chrono::milliseconds(within(jitter_));
}

}  // namespace falconer::actors

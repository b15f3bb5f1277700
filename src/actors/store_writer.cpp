#include "store_writer.hpp"

#include <algorithm>
#include <exception>

namespace falconer::actors {
namespace {

/// Counts a batch that waits to be tried again, however its wait ends.
class held_back {
public:
    explicit held_back(std::size_t& how_many) : how_many_(how_many) { ++how_many_; }
    ~held_back() { --how_many_; }
    held_back(const held_back&)            = delete;
    held_back& operator=(const held_back&) = delete;

private:
    std::size_t& how_many_;
};

}  // namespace

store_writer::store_writer(
    asio::any_io_executor loop, time_source& time, event_store& store, event_spool& spool,
    metrics_registry& metrics, options opt
)
    : loop_(std::move(loop)), time_(time), store_(store), spool_(spool), opt_(opt),
      presence_(
          time, metrics,
          {.probe = opt.probe, .longest_pause = opt.longest_pause, .limit = opt.store_limit}
      ),
      isolation_(time, store, spool, metrics, opt.spool_limit),
      replay_(
          time, isolation_, spool, shares_, metrics,
          {.batch_records = opt.batch_records,
           .limit         = opt.replay_limit,
           .longest_limit = opt.longest_replay_limit,
           .pause         = opt.pause,
           .longest_pause = opt.longest_pause},
          [this](steady_time::duration took) { replayed(took); },
          [this] { presence_.replay_failed(); }
      ),
      bell_(time.make_bell()), probe_bell_(time.make_bell()), jitter_(std::random_device{}()),
      count_{
          .spool_failures = metrics.make_counter(
              "falconer_spool_failures_total", "Batches the spool did not take when asked."
          ),
          .beyond_share = metrics.make_counter(
              "falconer_spool_beyond_share_total",
              "Records held because their cluster had filled its part of the spool."
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
      scope_(loop_, task_scope::only_log) {}  // of a batch that dies its senders hear

// --- taking in ----------------------------------------------------------------------------------

task<result<kept_as>> store_writer::submit(ingest_record record) {
    const auto until = time_.now() + opt_.hold;
    if (presence_.away() && !shares_.fits(record, spool_.status())) {
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
    while (presence_.away() && !closed_ && !shares_.fits(record, spool_.status())) {
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
    // One batch may be waiting for a store that is away, or held: the others need not.
    const auto busy = in.under_way - in.held;
    return busy == 0 || closed_ || presence_.away() || refusing_ ||
           in.queue.size() >= busy * opt_.next_batch_records;
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
        scope_.keep("replay", time_, [this] { return replay_.run(); });
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
        auto work = keep_trying(*fresh, in);
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

task<void> store_writer::keep_trying(batch& fresh, lane& in) {
    const auto clock = time_.make_bell();
    auto       pause = opt_.pause;
    for (;;) {
        const bool done = co_await keep_once(fresh);
        if (done) co_return;
        auto next = std::min(time_.now() + jittered(pause), std::ranges::min(fresh.until));
        // Who is held is the one to try the store when that is due.
        if (presence_.away()) next = std::min(next, presence_.next_try());
        {
            const held_back waits(in.held);
            bell_->ring();  // the others need not wait with it
            co_await clock->wait_until(next);
        }
        pause = std::min(2 * pause, opt_.longest_pause);
        turn_away_overdue(fresh);
        if (fresh.answers.empty()) co_return;
    }
}

task<bool> store_writer::keep_once(batch& fresh) {
    if (presence_.may_try()) {
        const auto begun  = time_.now();
        auto       stored = co_await isolation_.insert(fresh.what, opt_.store_limit);
        if (stored) {
            const auto took = time_.now() - begun;
            count_.batch_seconds.observe(std::chrono::duration<double>(took).count());
            refusing_ = false;
            presence_.proved(spool_.status().pending);
            if (std::ranges::find(*stored, kept_as::counted) != stored->end())
                done_.push_back(fresh.what.id);
            answer(fresh, *stored);
            co_return true;
        }
        if (!isolation::is_of_the_batch(stored.error())) presence_.failed(stored.error());
    }
    done_.insert(done_.end(), fresh.what.done.begin(), fresh.what.done.end());  // next time
    fresh.what.done.clear();
    auto spooled = co_await spool(fresh);
    if (spooled) {
        refusing_ = false;
        shares_.put(fresh.what);
        answer(fresh, isolation::verdicts(fresh.answers.size(), kept_as::spooled));
        replay_.wake();
        co_return true;
    }
    refuse(spooled.error());
    co_return false;
}

/// A disk that hangs is given up for a while, so that the store has its turn; asked again, the
/// spool goes on waiting for the same write.
task<result<void>> store_writer::spool(batch& fresh) {
    steady_time::duration limit = opt_.spool_limit;
    if (std::exchange(fresh.spooling, true)) {
        const auto left = std::ranges::min(fresh.until) - time_.now();
        limit = std::clamp<steady_time::duration>(left, steady_time::duration::zero(), opt_.probe);
    }
    auto work = spool_.append(fresh.what);
    co_return co_await with_timeout(time_, limit, std::move(work));
}

void store_writer::replayed(steady_time::duration took) {
    refusing_ = false;
    // A replay may take longer than a fresh batch, whose senders wait, ever could.
    if (took <= opt_.store_limit) presence_.proved(spool_.status().pending);
}

// --- answers ------------------------------------------------------------------------------------

void store_writer::settle(batch& fresh, std::size_t which, result<kept_as> how) {
    waiting_bytes_ -= bytes_of(fresh.what.records[which]);
    std::exchange(fresh.answers[which], nullptr)->set(std::move(how));
}

void store_writer::answer(batch& fresh, const isolation::verdicts& how) {
    for (std::size_t i = 0; i < fresh.answers.size(); ++i) settle(fresh, i, how[i]);
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
    rest.what.id  = fresh.what.id;
    rest.spooling = fresh.spooling;
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

std::chrono::milliseconds store_writer::jittered(std::chrono::milliseconds pause) {
    std::uniform_int_distribution<std::int64_t> within(pause.count() / 2, pause.count());
    return std::chrono::milliseconds(within(jitter_));
}

}  // namespace falconer::actors

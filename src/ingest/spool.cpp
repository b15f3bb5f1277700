#include "spool.hpp"

#include "dead_letter.hpp"
#include "falconer/one_shot.hpp"
#include "spool_record.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <unordered_map>
#include <utility>

namespace falconer::ingest {
namespace {

using namespace std::chrono_literals;

/// An append whose answer nobody came back for is remembered for so long: senders are held for half
/// of that at the most.
constexpr auto remembered = 1min;

auto whole_seconds(steady_time::duration time) {
    return std::chrono::floor<std::chrono::seconds>(time).count();
}

}  // namespace

struct disk_spool::bench {
    std::unique_ptr<spool_log> log;  // none: not open yet, or closed
};

/// What the loop knows, as of the helper's last answer.
struct disk_spool::desk {
    using append_reply = std::shared_ptr<one_shot<result<void>>>;
    /// Handed to the helper, and not heard of by who asked.
    struct handed {
        append_reply  answer{};
        std::uint64_t number = 0;  // of the call
        steady_time   since{};
    };

    desk(time_source& with, std::chrono::milliseconds limit) : time(with), patience(limit) {}

    steady_time::duration silent() const {
        if (owed.empty()) return steady_time::duration::zero();
        return time.now() - std::max(owed.front(), answered);
    }
    bool hangs() const { return silent() >= patience; }

    failure hanging() {
        said_hanging = true;
        return {
            errc::timed_out,
            "its disk has not answered for " + std::to_string(whole_seconds(silent())) + " s"
        };
    }

    void has_been_asked() {
        owed.push_back(time.now());
        ++calls;
    }

    /// The helper answers in the order of the calls.
    void has_answered() {
        if (std::exchange(said_hanging, false))
            log_of("spool").warn(
                "the spool's disk answers again after_seconds={}", whole_seconds(silent())
            );
        owed.pop_front();
        answered = time.now();
    }

    /// Null: it has not been handed over, or not lately.
    append_reply reply_to(const uuid& id) {
        const auto first_owed = calls - owed.size() + 1;
        std::erase_if(appends, [&](const auto& each) {
            return each.second.number < first_owed && time.now() - each.second.since > remembered;
        });
        const auto found = appends.find(id);
        return found == appends.end() ? nullptr : found->second.answer;
    }

    void learn(const std::optional<spool_status>& now, const std::vector<spool_note>& notes) {
        // Damage and abandoned segments are rare and each is news; warnings can repeat with every
        // batch.
        for (const auto& note : notes) {
            auto& log = log_of("spool");
            if (note.how == spool_note::level::error) log.error("{}", note.text);
            if (note.how == spool_note::level::info) log.info("{}", note.text);
            if (note.how != spool_note::level::warning) continue;
            if (!recovered)
                log.warn("{}", note.text);
            else if (const auto held = warnings.open(time.now()))
                log.warn("{} suppressed={}", note.text, *held);
        }
        recovered = true;
        if (now) status = *now;
    }

    time_source&                     time;
    std::chrono::milliseconds        patience;
    spool_status                     status{};
    bool                             recovered = false;
    log_gate                         warnings{}, refusals{};
    std::deque<steady_time>          owed{};      // when each call without an answer was made
    std::uint64_t                    calls = 0;   // ever made
    steady_time                      answered{};  // when the last answer came
    bool                             said_hanging = false;
    std::unordered_map<uuid, handed> appends{};
};

disk_spool::disk_spool(
    asio::any_io_executor loop, time_source& time, std::chrono::milliseconds patience
)
    : loop_(std::move(loop)), bench_(std::make_shared<bench>()),
      desk_(std::make_shared<desk>(time, patience)) {}

disk_spool::~disk_spool() {
    if (given_up_) {
        // A thread that waits for such a disk cannot be ended, and nobody but the kernel knows when
        // it will go on. Everything else of the process has ended by now.
        log_of("spool").critical("the spool's disk hangs; ending without waiting for it");
        flush_log(100ms);
        std::_Exit(1);
    }
    thread_.join();
}

/// Runs `job(bench)` on the helper thread. Whoever waits for the answer may be cancelled: all that
/// the job uses is the job's own, and its answer then reaches the desk only.
template <class T, class Job>
std::shared_ptr<one_shot<result<T>>> disk_spool::hand_over(Job job) {
    auto answer = std::make_shared<one_shot<result<T>>>(loop_);
    auto work   = [bench = bench_, desk = desk_, loop = loop_, answer = answer,
                 job = std::move(job)]() mutable {
        // A throw would end the process, and all that waits for its answer with it.
        auto outcome = [&]() -> result<T> {
            try {
                return job(*bench);
            } catch (const std::exception& broken) {
                return failure{errc::unavailable, std::string("the spool threw: ") + broken.what()};
            }
        }();
        std::optional<spool_status> status;
        std::vector<spool_note>     notes;
        if (bench->log) {
            status = bench->log->status();
            notes  = bench->log->take_notes();
        }
        // Moved, not copied: the last reference to what belongs to the loop is dropped there.
        auto deliver = [desk = std::move(desk), answer = std::move(answer), status,
                        notes = std::move(notes), outcome = std::move(outcome)]() mutable {
            desk->has_answered();
            desk->learn(status, notes);
            answer->set(std::move(outcome));
        };
        asio::post(loop, std::move(deliver));
    };
    desk_->has_been_asked();
    asio::post(thread_, std::move(work));
    return answer;
}

template <class T, class Job>
task<result<T>> disk_spool::ask(Job job) {
    const auto answer = hand_over<T>(std::move(job));
    co_return co_await answer->get();
}

namespace {

failure not_open() {
    return failure{errc::unavailable, "the spool is closed"};
}

}  // namespace

task<result<std::unique_ptr<disk_spool>>> disk_spool::open(
    asio::any_io_executor loop, time_source& time, options opt
) {
    std::unique_ptr<disk_spool> spool(new disk_spool(std::move(loop), time, opt.patience));
    auto files = opt.files ? std::move(opt.files) : make_posix_files(opt.directory);
    const spool_log::options how{.capacity = opt.capacity, .segment_bytes = opt.segment_bytes};
    auto job = [files = std::move(files), how](bench& mine) mutable -> result<void> {
        auto log = spool_log::open(std::move(files), how);
        if (!log) return std::move(log).error();
        mine.log = *std::move(log);
        return {};
    };
    auto opened = co_await spool->ask<void>(std::move(job));
    if (!opened) co_return std::move(opened).error();
    co_return std::move(spool);
}

/// What waits behind a call that hangs would only use up memory.
result<void> disk_spool::may_be_asked() {
    if (!desk_->hangs()) return {};
    auto why = desk_->hanging();
    say_refused(why);
    return why;
}

void disk_spool::say_refused(const failure& why) {
    if (const auto held = desk_->refusals.open(desk_->time.now()))
        log_of("spool").error(
            "the spool did not take a batch reason=\"{}\" failed_writes={} suppressed={}",
            why.detail, desk_->status.failed_writes, *held
        );
}

task<result<void>> disk_spool::append(const record_batch& batch) {
    const auto id     = batch.id;
    auto       answer = desk_->reply_to(id);
    if (!answer) {
        auto free = may_be_asked();
        if (!free) co_return std::move(free).error();
        answer             = hand_over_append(batch);
        desk_->appends[id] = {.answer = answer, .number = desk_->calls, .since = desk_->time.now()};
    }
    auto done = co_await answer->get();
    desk_->appends.erase(id);
    if (!done) say_refused(done.error());
    co_return done;
}

std::shared_ptr<one_shot<result<void>>> disk_spool::hand_over_append(const record_batch& batch) {
    std::string frame(frame_header_bytes, '\0');
    encode_batch(batch, frame);
    const auto records = static_cast<std::uint32_t>(batch.records.size());
    auto       job     = [frame  = std::move(frame), records,
                oldest = oldest_receipt(batch)](bench& mine) mutable -> result<void> {
        if (!mine.log) return not_open();
        return mine.log->append(std::move(frame), records, oldest);
    };
    return hand_over<void>(std::move(job));
}

task<result<std::optional<record_batch>>> disk_spool::front(std::size_t most_records) {
    auto job = [most_records](bench& mine) -> result<std::optional<record_batch>> {
        if (!mine.log) return not_open();
        return mine.log->front(most_records);
    };
    co_return co_await ask<std::optional<record_batch>>(std::move(job));
}

task<result<void>> disk_spool::pop() {
    auto job = [](bench& mine) -> result<void> {
        if (!mine.log) return not_open();
        return mine.log->pop();
    };
    co_return co_await ask<void>(std::move(job));
}

task<result<void>> disk_spool::keep_dead_letter(
    const ingest_record& record, const std::string& why
) {
    auto free = may_be_asked();
    if (!free) co_return std::move(free).error();
    auto job = [line = dead_letter_line(record, why)](bench& mine) mutable -> result<void> {
        if (!mine.log) return not_open();
        return mine.log->keep_dead_letter(std::move(line));
    };
    co_return co_await ask<void>(std::move(job));
}

task<result<void>> disk_spool::probe() {
    auto free = may_be_asked();
    if (!free) co_return std::move(free).error();
    auto job = [](bench& mine) -> result<void> {
        if (!mine.log) return not_open();
        return mine.log->probe();
    };
    co_return co_await ask<void>(std::move(job));
}

task<void> disk_spool::close() {
    auto job = [](bench& mine) -> result<void> {
        if (!mine.log) return not_open();
        mine.log->close();
        mine.log.reset();
        return {};
    };
    const auto answer = hand_over<void>(std::move(job));
    // What is under way before it may take its time, as long as the disk goes on answering.
    while (!given_up_) {
        auto closing = answer->get();
        auto closed  = co_await with_timeout(desk_->time, desk_->patience, std::move(closing));
        // Closed before: as good.
        if (closed || closed.error().code != errc::timed_out) break;
        given_up_ = desk_->hangs();
    }
}

spool_status disk_spool::status() const {
    auto now   = desk_->status;
    now.silent = desk_->silent();
    return now;
}

}  // namespace falconer::ingest

#include "spool.hpp"

#include "falconer/one_shot.hpp"
#include "spool_record.hpp"

#include <asio/post.hpp>

namespace falconer::ingest {

struct disk_spool::bench {
    std::unique_ptr<spool_log> log;  // none: not open yet, or closed
};

/// What the loop knows, as of the helper's last answer.
struct disk_spool::desk {
    explicit desk(time_source& with) : time(with) {}

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

    time_source& time;
    spool_status status{};
    bool         recovered = false;
    log_gate     warnings{}, refusals{};
};

disk_spool::disk_spool(asio::any_io_executor loop, time_source& time)
    : loop_(std::move(loop)), bench_(std::make_shared<bench>()),
      desk_(std::make_shared<desk>(time)) {}

disk_spool::~disk_spool() {
    thread_.join();
}

/// Runs `job(bench)` on the helper thread. Whoever waits here may be cancelled: all that the job
/// uses is the job's own, and its answer then reaches the desk only.
template <class T, class Job>
task<result<T>> disk_spool::ask(Job job) {
    using reply  = std::shared_ptr<one_shot<result<T>>>;
    reply answer = std::make_shared<one_shot<result<T>>>(loop_);
    auto  work   = [bench = bench_, desk = desk_, loop = loop_, answer = answer,
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
            desk->learn(status, notes);
            answer->set(std::move(outcome));
        };
        asio::post(loop, std::move(deliver));
    };
    asio::post(thread_, std::move(work));
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
    std::unique_ptr<disk_spool> spool(new disk_spool(std::move(loop), time));
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

task<result<void>> disk_spool::append(const record_batch& batch) {
    std::string frame(frame_header_bytes, '\0');
    encode_batch(batch, frame);
    const auto records = static_cast<std::uint32_t>(batch.records.size());
    auto       job     = [frame  = std::move(frame), records,
                oldest = oldest_receipt(batch)](bench& mine) mutable -> result<void> {
        if (!mine.log) return not_open();
        return mine.log->append(std::move(frame), records, oldest);
    };
    auto done = co_await ask<void>(std::move(job));
    if (!done)
        if (const auto held = desk_->refusals.open(desk_->time.now()))
            log_of("spool").error(
                "the spool did not take a batch reason=\"{}\" failed_writes={} suppressed={}",
                done.error().detail, desk_->status.failed_writes, *held
            );
    co_return done;
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

task<result<void>> disk_spool::probe() {
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
    // Closed before: as good.
    static_cast<void>(co_await ask<void>(std::move(job)));
}

spool_status disk_spool::status() const {
    return desk_->status;
}

}  // namespace falconer::ingest

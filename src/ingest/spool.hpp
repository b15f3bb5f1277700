// The spool on the local disk: spool_log behind the one helper thread of the process.
#pragma once

#include "falconer/log.hpp"
#include "falconer/one_shot.hpp"
#include "falconer/ports/event_spool.hpp"
#include "falconer/time_source.hpp"
#include "spool_log.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace falconer::ingest {

/// Threading : the loop thread; files are touched by the helper thread only, in the order of the
///             calls. The two share nothing: bytes go over, answers come back through the loop.
/// Lifetime  : must end before the loop does. The destructor waits for writes under way.
class disk_spool final : public event_spool {
public:
    struct options {
        std::string                  directory{};
        std::uint64_t                capacity      = std::uint64_t{1} << 30;   // bytes
        std::uint64_t                segment_bytes = std::uint64_t{16} << 20;  // 4 KiB … 256 MiB
        std::unique_ptr<spool_files> files{};  // instead of the directory; for tests
        /// A disk that owes an answer for longer hangs: nothing more is handed to it meanwhile.
        std::chrono::milliseconds patience{5'000};
    };

    /// Locks the directory, reads all that is in it and reports what is damaged in the log.
    /// Errors : conflict      "spool DIR is in use by another process (pid N)"
    ///          denied, malformed, unavailable   one sentence that names the directory or the file
    static task<result<std::unique_ptr<disk_spool>>> open(
        asio::any_io_executor loop, time_source& time, options opt
    );
    ~disk_spool() override;

    disk_spool(const disk_spool&)            = delete;
    disk_spool& operator=(const disk_spool&) = delete;

    task<result<void>>                        append(const record_batch& batch) override;
    task<result<std::optional<record_batch>>> front(std::size_t most_records) override;
    task<result<void>>                        pop() override;
    task<result<void>>                        probe() override;
    task<result<void>> keep_dead_letter(const ingest_record& record, const std::string& why)
        override;
    spool_status status() const override;

    /// Ends what is under way, remembers what is done and unlocks the directory. Afterwards
    /// everything is `unavailable`. Without it the next opening may repeat some batches. A disk
    /// that hangs is not waited for: then the destructor ends the process, with exit code 1.
    task<void> close();

private:
    struct bench;  // the helper thread's
    struct desk;   // the loop's

    disk_spool(asio::any_io_executor loop, time_source& time, std::chrono::milliseconds patience);

    template <class T, class Job>
    std::shared_ptr<one_shot<result<T>>> hand_over(Job job);
    template <class T, class Job>
    task<result<T>>                         ask(Job job);
    std::shared_ptr<one_shot<result<void>>> hand_over_append(const record_batch& batch);
    result<void>                            may_be_asked();
    void                                    say_refused(const failure& why);

    asio::any_io_executor  loop_;
    std::shared_ptr<bench> bench_;
    std::shared_ptr<desk>  desk_;
    bool                   given_up_ = false;  // by close(): the disk hangs
    asio::thread_pool      thread_{1};
};

}  // namespace falconer::ingest

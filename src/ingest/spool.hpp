// The spool: batches on the local disk, in order, until the store has them.
#pragma once

#include "falconer/log.hpp"
#include "falconer/one_shot.hpp"
#include "falconer/ports/event_spool.hpp"
#include "spool_files.hpp"
#include "spool_segment.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/thread_pool.hpp>

#include <deque>
#include <filesystem>
#include <memory>
#include <string>

namespace falconer::ingest {

/// Append-only segments. A batch is kept when fdatasync has returned; the disk's work is done by
/// one helper thread that shares nothing with the loop.
///
/// A write or fdatasync that fails ends its segment: what was kept before stays, nothing is added
/// to it any more, and nothing that follows pretends that it went well. (After a failed fsync the
/// kernel forgets what it could not write: https://wiki.postgresql.org/wiki/Fsync_Errors )
///
/// Lifetime : close() before destruction.
class disk_spool final : public event_spool {
public:
    struct options {
        std::filesystem::path directory{};
        std::uint64_t         capacity      = std::uint64_t{1} << 30;
        std::uint64_t         segment_bytes = std::uint64_t{16} << 20;
    };

    /// Reads all there is. Errors: those of open_spool_folder(), and of reading.
    static task<result<std::unique_ptr<disk_spool>>> open(
        asio::any_io_executor loop, time_source& time, options opt
    );
    /// The same on any folder, for tests.
    static task<result<std::unique_ptr<disk_spool>>> open_on(
        asio::any_io_executor loop, time_source& time, options opt,
        std::unique_ptr<spool_folder> folder
    );
    ~disk_spool() override;

    task<result<void>>                        append(const record_batch& batch) override;
    task<result<std::optional<record_batch>>> front() override;
    task<result<void>>                        pop() override;
    spool_status                              status() const override;

    /// Waits for the disk and notes how far the replay has come.
    task<void> close();

private:
    /// Only the helper thread uses `file` and `broken`; only the loop the rest.
    struct segment {
        segment_name                name{};
        std::shared_ptr<spool_file> file{};
        std::deque<frame>           frames{};       // still to be replayed
        std::uint64_t               size      = 0;  // kept on disk
        std::uint64_t               reserved  = 0;  // and under way
        std::size_t                 under_way = 0;
        bool                        writable  = false;
        bool                        broken    = false;  // the thread's own: a write has failed
    };
    using segment_ptr = std::shared_ptr<segment>;
    struct opened;

    disk_spool(
        asio::any_io_executor loop, time_source& time, options opt,
        std::shared_ptr<spool_folder> folder
    );

    template <class Work>
    auto        on_the_thread(Work work) -> task<decltype(work())>;
    segment_ptr segment_for(std::size_t bytes);
    void        kept(const segment_ptr& in, frame what, const result<void>& how);
    void        lost(const segment& in, const gap& where);
    void        forget_done_segments();
    task<void>  note_progress();

    asio::any_io_executor         loop_;
    time_source&                  time_;
    options                       opt_;
    std::shared_ptr<spool_folder> folder_;
    std::deque<segment_ptr>       segments_;  // the oldest first; only the last may be writable
    std::uint64_t                 next_sequence_ = 1;
    spool_status                  status_{};
    std::size_t                   pops_ = 0;  // since the last note of progress
    std::optional<utc_time>       oldest_{};  // of the batch that front() gave
    log_gate                      gate_{};
    asio::thread_pool             thread_{1};
};

}  // namespace falconer::ingest

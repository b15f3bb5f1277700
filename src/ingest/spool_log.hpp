// The spool without its thread: append-only segments in a directory, read back in order.
#pragma once

#include "falconer/ports/event_spool.hpp"
#include "spool_survey.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace falconer::ingest {

/// Something for the log, to be written by whoever owns the loop.
struct spool_note {
    enum class level : std::uint8_t { info, warning, error };

    level       how = level::info;
    std::string text{};
};

/// Blocks: every call does its I/O before it returns.
/// Threading: one thread at a time.
/// Memory   : 24 bytes for every batch that waits.
class spool_log {
public:
    struct options {
        std::uint64_t capacity      = std::uint64_t{1} << 30;   // bytes of all segments
        std::uint64_t segment_bytes = std::uint64_t{16} << 20;  // 4 KiB … 256 MiB
        std::uint64_t salt          = 0;                        // of a new directory; 0: random
    };

    /// Locks the directory and finds every intact frame in it.
    /// Errors : conflict      another process has it
    ///          denied, malformed, unavailable   one sentence that names the directory or the file
    static result<std::unique_ptr<spool_log>> open(std::unique_ptr<spool_files> files, options opt);

    /// `frame`: room for the frame's header, then the batch as encode_batch writes it.
    /// Errors as event_spool::append. After a failure the next append begins a new segment.
    result<void> append(std::string frame, std::uint32_t records, utc_time oldest);
    result<std::optional<record_batch>> front(std::size_t most_records);
    /// Errors : broken   without a front() that gave something since the last pop()
    result<void> pop();
    /// Appends a line to the file of dead letters.
    /// Errors as event_spool::keep_dead_letter.
    result<void> keep_dead_letter(std::string line);
    /// Whether an append would succeed now: there is room, and a file can be made, written and
    /// synced. Errors as event_spool::append.
    result<void> probe();
    /// Remembers what is done; the last call.
    void close();

    spool_status            status() const;
    std::vector<spool_note> take_notes();

private:
    struct segment {
        std::uint64_t               sequence = 0;
        segment_key                 key{};
        std::uint64_t               bytes   = 0;  // on disk; of the open one: synced
        bool                        damaged = false;
        std::deque<frame_place>     frames{};  // not done
        std::unique_ptr<spool_file> reader{};
    };

    spool_log(std::unique_ptr<spool_files> files, options opt);
    void recover(spool_survey found);
    void recover(surveyed_segment found);
    void cut_torn_end(const surveyed_segment& found);
    void write_small(const char* name, std::string_view bytes, bool durable);

    result<void> make_room(std::size_t frame_bytes);
    result<void> begin_segment();
    result<void> write_frame(std::string_view frame, bool first);
    failure      abandon(failure why, std::size_t tried);
    void         retire(segment done);
    void         checkpoint();

    result<std::optional<std::string>> read_frame(segment& from, const frame_place& place);
    void append_followers(segment& from, record_batch& batch, std::size_t most_records);
    void lose_first(segment& from, std::string_view why);
    void note(spool_note::level how, std::string text);
    void note_gap(std::uint64_t sequence, const segment_gap& gap, std::string_view why);

    std::unique_ptr<spool_files> files_;
    options                      opt_;
    std::uint64_t                salt_ = 0;
    std::uint64_t                next_ = 1;
    std::deque<segment>          segments_;           // the oldest first
    std::unique_ptr<spool_file>  writing_;            // the last of segments_, while it may grow
    std::size_t                  given_      = 0;     // frames, by the last front()
    bool                         recovering_ = true;  // segments_ is not complete yet
    unsigned                     popped_     = 0;     // since the last checkpoint
    unsigned                     unreadable_ = 0;     // refusals to read the first frame, in a row
    std::uint64_t                pending_ = 0, damaged_ = 0, failed_writes_ = 0, total_bytes_ = 0;
    std::vector<spool_note>      notes_;
    unsigned                     gaps_noted_ = 0;
};

}  // namespace falconer::ingest

// Where batches wait, on the local disk, while the store is away.
#pragma once

#include "falconer/async.hpp"
#include "falconer/event.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace falconer {

struct spool_status {
    std::uint64_t bytes    = 0;  // on disk, of segments that still hold something to replay
    std::uint64_t capacity = 0;
    std::uint64_t pending  = 0;  // records appended and not yet done
    std::uint64_t damaged  = 0;  // records (or, where not even that can be told, 1 per gap) lost
    std::uint64_t failed_writes = 0;   // write or fsync said no; the segment was abandoned
    std::optional<utc_time> oldest{};  // receipt of the first pending record
    /// How long the disk has owed an answer; 0 while nothing is asked of it.
    std::chrono::steady_clock::duration silent{0};
};

class event_spool {
public:
    virtual ~event_spool() = default;

    /// Returns when the batch is on disk (fdatasync has succeeded). A disk may hang: whoever must
    /// not wait for long cancels, and asks for the same batch (its id) again later: it is not
    /// written a second time, the answer of the first call is waited for.
    ///
    /// Errors : too_large    the spool's capacity is used up; nothing is kept
    ///          unavailable  the disk refused; the batch is not kept, the segment is abandoned
    ///          timed_out    the disk hangs, and the batch was not even handed to it
    /// Cancel : the batch may or may not be kept.
    virtual task<result<void>> append(const record_batch& batch) = 0;

    /// The oldest that is not done, or nothing: one batch, or several in a row as one if they have
    /// no more than `most_records` together. One with tallies comes alone and keeps its id, by
    /// which the store knows them. Asking again gives the same, perhaps with more at its end.
    /// What the disk cannot read, though asked several times, is damage: counted and passed over.
    /// Errors : unavailable  the disk cannot be read now
    virtual task<result<std::optional<record_batch>>> front(std::size_t most_records) = 0;

    /// What front() gave last is stored elsewhere. Its place is freed with its segment.
    virtual task<result<void>> pop() = 0;

    /// Whether an append of a small batch would succeed now. Nothing is kept.
    /// Errors: as append()
    virtual task<result<void>> probe() = 0;

    /// A record that no store takes in any form: kept for people, as a line of a file that is never
    /// replayed. Returns when it is on disk; asked again after an unclear end it may be there
    /// twice. Errors : too_large    that file's own bound is reached, or the disk is full
    ///          unavailable  the disk refused
    virtual task<result<void>> keep_dead_letter(
        const ingest_record& record, const std::string& why
    ) = 0;

    virtual spool_status status() const = 0;
};

}  // namespace falconer

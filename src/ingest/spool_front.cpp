// spool_log: what waits is read back, in order; what cannot be read any more is counted and passed
// over.
#include "spool_log.hpp"

#include "spool_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace falconer::ingest {
namespace {

/// Checkpoints are cheap, not free: a lost one only repeats batches, which the store recognises.
constexpr unsigned pops_per_checkpoint = 16;

constexpr std::size_t row_bytes = std::size_t{4} << 20;  // of batches given as one

/// A disk that stammers gets so many chances, and whoever asks pauses for longer each time: some
/// seconds in all. A segment that has lost a frame already gets fewer.
constexpr unsigned tries_before_lost = 8, tries_when_damaged = 2;

bool has_tallies(const record_batch& batch) {
    return std::ranges::any_of(batch.records, [](const ingest_record& each) {
        return std::holds_alternative<event_tally>(each);
    });
}

}  // namespace

result<std::optional<record_batch>> spool_log::front(std::size_t most_records) {
    given_ = 0;
    while (!segments_.empty()) {
        auto& first = segments_.front();
        if (first.frames.empty()) {
            if (writing_ && segments_.size() == 1) break;
            auto done = std::move(first);
            segments_.pop_front();
            retire(std::move(done));
            continue;
        }
        auto frame = read_frame(first, first.frames.front());
        if (!frame) {
            const auto tries = first.damaged ? tries_when_damaged : tries_before_lost;
            if (is_of_the_moment(frame.error()) || ++unreadable_ < tries)
                return failure{errc::unavailable, frame.error().detail};
            lose_first(first, "cannot be read (" + frame.error().detail + ")");
            continue;
        }
        if (!*frame) {
            lose_first(first, "has been damaged since it was written");
            continue;
        }
        auto batch = decode_batch(std::string_view(**frame).substr(frame_header_bytes));
        if (!batch) {
            lose_first(first, "is intact and yet no batch");
            continue;
        }
        given_      = 1;
        unreadable_ = 0;
        append_followers(first, *batch, most_records);
        return std::optional(*std::move(batch));
    }
    return std::optional<record_batch>{};
}

/// Small batches cost the store as much as large ones: those that follow in the same segment come
/// along. The first that is damaged, or has to come alone, ends the row.
void spool_log::append_followers(segment& from, record_batch& batch, std::size_t most_records) {
    if (has_tallies(batch)) return;
    std::size_t bytes = from.frames.front().payload;
    for (; given_ < from.frames.size(); ++given_) {
        const auto& place  = from.frames[given_];
        bytes             += place.payload;
        if (batch.records.size() + place.records > most_records || bytes > row_bytes) return;
        auto frame = read_frame(from, place);
        if (!frame || !*frame) return;
        auto next = decode_batch(std::string_view(**frame).substr(frame_header_bytes));
        if (!next || has_tallies(*next)) return;
        batch.records.insert(
            batch.records.end(), std::make_move_iterator(next->records.begin()),
            std::make_move_iterator(next->records.end())
        );
    }
}

result<void> spool_log::pop() {
    if (given_ == 0)
        return failure{errc::broken, "nothing was taken from the spool that could be done"};
    auto& first = segments_.front();
    for (; given_ > 0; --given_, ++popped_) {
        pending_ -= first.frames.front().records;
        first.frames.pop_front();
    }
    if (first.frames.empty()) {
        const bool open = writing_ && segments_.size() == 1;
        if (!open || first.bytes >= opt_.segment_bytes / 4) {
            if (open) writing_.reset();
            auto done = std::move(first);
            segments_.pop_front();
            retire(std::move(done));
            popped_ = 0;
            return {};
        }
    }
    if (first.frames.empty() || popped_ >= pops_per_checkpoint) checkpoint();
    return {};
}

/// The frame if it is still what was written. Nothing: it is not. Errors : those of the disk
result<std::optional<std::string>> spool_log::read_frame(segment& from, const frame_place& place) {
    if (!from.reader) {
        auto file = files_->open(segment_name(from.sequence), spool_files::mode::read);
        if (!file) {
            const bool gone = file.error().code == std::errc::no_such_file_or_directory;
            if (!gone) return std::move(file).error();
            // With the folder away too, what was in it may come back with it.
            if (auto there = files_->list(); !there)
                return failure{
                    std::make_error_code(std::errc::resource_unavailable_try_again),
                    there.error().detail
                };
            return std::optional<std::string>{};
        }
        from.reader = *std::move(file);
    }
    std::string frame(frame_header_bytes + place.payload, '\0');
    std::size_t at = 0;
    while (at < frame.size()) {
        auto got = from.reader->read_at(place.offset + at, frame.data() + at, frame.size() - at);
        if (!got) {
            from.reader.reset();
            return std::move(got).error();
        }
        if (*got == 0) return std::optional<std::string>{};
        at += *got;
    }
    if (!is_intact(frame, from.key, place)) return std::optional<std::string>{};
    return std::optional(std::move(frame));
}

void spool_log::lose_first(segment& from, std::string_view why) {
    const auto& place = from.frames.front();
    note_gap(
        from.sequence,
        {.offset  = place.offset,
         .bytes   = frame_header_bytes + std::uint64_t{place.payload},
         .records = place.records},
        why
    );
    pending_     -= place.records;
    damaged_     += place.records;
    from.damaged  = true;
    unreadable_   = 0;
    from.frames.pop_front();
}

}  // namespace falconer::ingest

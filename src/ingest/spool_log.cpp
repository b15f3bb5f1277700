#include "spool_log.hpp"

#include "spool_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace falconer::ingest {
namespace {

/// Checkpoints are cheap, not free: a lost one only repeats batches, which the store recognises.
constexpr unsigned pops_per_checkpoint = 16;

constexpr std::size_t row_bytes = std::size_t{4} << 20;  // of batches given as one

bool has_tallies(const record_batch& batch) {
    return std::ranges::any_of(batch.records, [](const ingest_record& each) {
        return std::holds_alternative<event_tally>(each);
    });
}

/// Errors of the disk in the words of event_spool.
failure refused(failure why) {
    const bool full = why.code == std::errc::no_space_on_device ||
                      why.code == std::error_code(EDQUOT, std::generic_category());
    return {full ? errc::too_large : errc::unavailable, std::move(why.detail)};
}

}  // namespace

// --- in -----------------------------------------------------------------------------------------

result<void> spool_log::append(std::string frame, std::uint32_t records, utc_time oldest) {
    if (frame.size() > frame_header_bytes + max_payload_bytes)
        return failure{
            errc::too_large, fmt::format("a batch of {} bytes is too large to spool", frame.size())
        };
    auto room = make_room(frame.size());
    if (!room) return room;
    const bool first = !writing_;
    if (first) {
        auto begun = begin_segment();
        if (!begun) return begun;
    }
    auto&      into   = segments_.back();
    const auto offset = into.bytes;
    seal_frame(frame, into.key, offset, records, oldest);
    auto written = write_frame(frame, first);
    if (!written) return abandon(std::move(written).error(), frame.size());

    into.bytes   += frame.size();
    total_bytes_ += frame.size() + (first ? segment_header_bytes : 0);
    pending_     += records;
    into.frames.push_back(
        {.offset  = static_cast<std::uint32_t>(offset),
         .payload = static_cast<std::uint32_t>(frame.size() - frame_header_bytes),
         .records = records,
         .oldest  = oldest}
    );
    return {};
}

/// Ends the open segment where the frame does not fit, and asks whether the spool has room at all.
result<void> spool_log::make_room(std::size_t frame_bytes) {
    if (writing_) {
        auto& last = segments_.back();
        if (last.bytes + frame_bytes > opt_.segment_bytes ||
            (last.frames.empty() && total_bytes_ + frame_bytes > opt_.capacity)) {
            writing_.reset();
            if (last.frames.empty()) {
                auto done = std::move(last);
                segments_.pop_back();
                retire(std::move(done));
            }
        }
    }
    const auto wanted = frame_bytes + (writing_ ? 0 : segment_header_bytes);
    if (total_bytes_ + wanted <= opt_.capacity) return {};
    return failure{
        errc::too_large, fmt::format("the spool's capacity of {} bytes is used up", opt_.capacity)
    };
}

result<void> spool_log::begin_segment() {
    const segment_key key{.sequence = next_++, .salt = salt_};
    auto              file = files_->open(segment_name(key.sequence), spool_files::mode::create);
    if (!file) {
        ++failed_writes_;
        return refused(std::move(file).error());
    }
    writing_ = *std::move(file);
    segments_.push_back({.sequence = key.sequence, .key = key, .bytes = segment_header_bytes});
    return {};
}

result<void> spool_log::write_frame(std::string_view frame, bool first) {
    auto& into = segments_.back();
    if (first) {
        auto headed = write_all(*writing_, 0, segment_header(into.key));
        if (!headed) return headed;
    }
    auto written = write_all(*writing_, into.bytes, frame);
    if (!written) return written;
    auto synced = writing_->sync();
    if (!synced || !first) return synced;
    return files_->sync_directory();
}

/// After a failed fsync nobody knows what is on the disk: nothing more goes into this segment. What
/// was synced before stays; what was not is cut off where the disk lets us.
failure spool_log::abandon(failure why, std::size_t tried) {
    ++failed_writes_;
    auto&      last  = segments_.back();
    const auto cut   = writing_->truncate(last.bytes);
    const bool fresh = last.frames.empty() && last.bytes == segment_header_bytes;
    writing_.reset();
    if (fresh) {
        // Nothing in it was ever acknowledged. Never counted in total_bytes_.
        const auto gone = files_->remove(segment_name(last.sequence));
        if (!gone)
            note(
                spool_note::level::warning,
                fmt::format("a segment that failed stays behind reason=\"{}\"", gone.error().detail)
            );
        segments_.pop_back();
        return refused(std::move(why));
    }
    if (!cut) {
        last.bytes   += tried;
        total_bytes_ += tried;
    }
    note(
        spool_note::level::error, fmt::format(
                                      "a segment of the spool is abandoned file={} reason=\"{}\"",
                                      segment_name(last.sequence), why.detail
                                  )
    );
    if (last.frames.empty()) {
        auto done = std::move(last);
        segments_.pop_back();
        retire(std::move(done));
    }
    return refused(std::move(why));
}

result<void> spool_log::probe() {
    constexpr auto name = "probe";
    auto           room = make_room(frame_header_bytes);
    if (!room) return room;
    static_cast<void>(files_->remove(name));  // left behind by a crash, or not there
    const auto write = [&]() -> result<void> {
        auto file = files_->open(name, spool_files::mode::create);
        if (!file) return std::move(file).error();
        auto done = write_all(**file, 0, segment_header({.sequence = 0, .salt = salt_}));
        if (done) done = (*file)->sync();
        return done;
    };
    auto written = write();
    auto removed = files_->remove(name);
    if (!written) return refused(std::move(written).error());
    if (!removed) return refused(std::move(removed).error());
    return {};
}

// --- out ----------------------------------------------------------------------------------------

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
        if (!frame) return std::move(frame).error();
        if (!*frame) {
            lose_first(first, "has been damaged since it was written");
            continue;
        }
        auto batch = decode_batch(std::string_view(**frame).substr(frame_header_bytes));
        if (!batch) {
            lose_first(first, "is intact and yet no batch");
            continue;
        }
        given_ = 1;
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

/// The frame if it is still what was written. Nothing: it is not. Errors : unavailable
result<std::optional<std::string>> spool_log::read_frame(segment& from, const frame_place& place) {
    if (!from.reader) {
        auto file = files_->open(segment_name(from.sequence), spool_files::mode::read);
        if (!file) {
            if (file.error().code == std::errc::no_such_file_or_directory)
                return std::optional<std::string>{};
            return failure{errc::unavailable, file.error().detail};
        }
        from.reader = *std::move(file);
    }
    std::string frame(frame_header_bytes + place.payload, '\0');
    std::size_t at = 0;
    while (at < frame.size()) {
        auto got = from.reader->read_at(place.offset + at, frame.data() + at, frame.size() - at);
        if (!got) return failure{errc::unavailable, got.error().detail};
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
    from.frames.pop_front();
}

/// A segment of which everything intact is done. Damage is kept for whoever wants to look.
void spool_log::retire(segment done) {
    done.reader.reset();
    total_bytes_    -= done.bytes;
    const auto name  = segment_name(done.sequence);
    const auto gone =
        done.damaged ? files_->rename(name, set_aside_name(done.sequence)) : files_->remove(name);
    if (!gone && gone.error().code != std::errc::no_such_file_or_directory)
        note(
            spool_note::level::warning,
            fmt::format("a segment that is done stays behind reason=\"{}\"", gone.error().detail)
        );
    // Before all segments are known, a checkpoint would call the others done.
    if (!gone && !recovering_) checkpoint();
}

void spool_log::checkpoint() {
    popped_ = 0;
    spool_checkpoint at{.sequence = next_, .offset = 0};
    if (!segments_.empty()) {
        const auto& first = segments_.front();
        at.sequence       = first.sequence;
        at.offset         = first.frames.empty() ? first.bytes : first.frames.front().offset;
    }
    write_small(spool_checkpoint_name, write_checkpoint(at, salt_), /* durable */ false);
}

void spool_log::close() {
    if (writing_ && segments_.size() == 1 && segments_.front().frames.empty()) {
        auto done = std::move(segments_.front());
        segments_.pop_front();
        retire(std::move(done));
    }
    writing_.reset();
    checkpoint();
}

spool_status spool_log::status() const {
    spool_status now{
        .bytes         = 0,
        .capacity      = opt_.capacity,
        .pending       = pending_,
        .damaged       = damaged_,
        .failed_writes = failed_writes_,
    };
    for (const auto& each : segments_) {
        if (each.frames.empty()) continue;
        now.bytes += each.bytes;
        if (!now.oldest) now.oldest = each.frames.front().oldest;
    }
    return now;
}

}  // namespace falconer::ingest

#include "spool_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace falconer::ingest {
namespace {

/// Errors of the disk in the words of event_spool.
failure refused(failure why) {
    const bool full = why.code == std::errc::no_space_on_device ||
                      why.code == std::error_code(EDQUOT, std::generic_category());
    return {full ? errc::too_large : errc::unavailable, std::move(why.detail)};
}

/// A sixteenth of the spool beside it, and enough for some in any case.
std::uint64_t room_for_dead_letters(std::uint64_t capacity) {
    return std::max<std::uint64_t>(capacity / 16, std::uint64_t{1} << 20);
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

result<void> spool_log::keep_dead_letter(std::string line) {
    auto       file  = files_->open(spool_dead_letters_name, spool_files::mode::change);
    const bool fresh = !file && file.error().code == std::errc::no_such_file_or_directory;
    if (fresh) file = files_->open(spool_dead_letters_name, spool_files::mode::create);
    if (!file) return refused(std::move(file).error());
    auto had = (*file)->size();
    if (!had) return refused(std::move(had).error());
    if (*had + line.size() > room_for_dead_letters(opt_.capacity))
        return failure{
            errc::too_large,
            fmt::format(
                "{} is full; look at it, and move it away: a new one will be begun",
                spool_dead_letters_name
            )
        };
    // A line that was cut off, by a crash or a full disk, shall not spoil the next one.
    char last = '\n';
    if (*had > 0)
        if (auto read = (*file)->read_at(*had - 1, &last, 1); !read) last = 0;
    if (last != '\n') line.insert(0, 1, '\n');
    auto written = write_all(**file, *had, line);
    if (written) written = (*file)->sync();
    if (written && fresh) written = files_->sync_directory();
    if (!written) {
        ++failed_writes_;
        return refused(std::move(written).error());
    }
    return {};
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

// --- done ---------------------------------------------------------------------------------------

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

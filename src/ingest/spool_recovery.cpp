// spool_log: opening a directory, whatever state it was left in.
#include "spool_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace falconer::ingest {
namespace {

constexpr unsigned gaps_named = 20;  // in full; then only their number

std::uint64_t random_salt() {
    const auto    source = uuid::random();
    std::uint64_t salt   = 0;
    std::memcpy(&salt, source.bytes.data() + 8, sizeof salt);
    return salt;
}

}  // namespace

result<std::unique_ptr<spool_log>> spool_log::open(
    std::unique_ptr<spool_files> files, options opt
) {
    auto ours = files->prepare();
    if (!ours) {
        // Foreign codes (errno) become ours here; the sentence stays.
        const auto& why = ours.error();
        if (why.code == errc::conflict || why.code == errc::denied || why.code == errc::malformed)
            return why;
        return failure{errc::unavailable, why.detail};
    }
    auto found = survey_spool(*files);
    if (!found) return std::move(found).error();
    opt.segment_bytes =
        std::clamp<std::uint64_t>(opt.segment_bytes, std::uint64_t{4} << 10, max_segment_bytes / 2);
    std::unique_ptr<spool_log> log(new spool_log(std::move(files), opt));
    log->recover(*std::move(found));
    return log;
}

spool_log::spool_log(std::unique_ptr<spool_files> files, options opt)
    : files_(std::move(files)), opt_(opt) {}

void spool_log::recover(spool_survey found) {
    next_ = found.next;
    salt_ = found.salt;
    if (!found.salt_known) {
        if (salt_ == 0) salt_ = opt_.salt != 0 ? opt_.salt : random_salt();
        write_small(
            spool_salt_name, segment_header({.sequence = 0, .salt = salt_}), /* durable */ true
        );
    }
    for (auto& each : found.segments) recover(std::move(each));
    if (gaps_noted_ > gaps_named)
        note(
            spool_note::level::error,
            fmt::format("more damaged places in the spool count={}", gaps_noted_ - gaps_named)
        );
    recovering_ = false;
    if (pending_ != 0)
        note(
            spool_note::level::info,
            fmt::format(
                "the spool holds records of an earlier run directory={} records={} damaged={}",
                files_->path(), pending_, damaged_
            )
        );
    const auto free = files_->free_bytes();
    if (free && *free + total_bytes_ < opt_.capacity)
        note(
            spool_note::level::warning,
            fmt::format(
                "the spool's file system is smaller than its capacity directory={} "
                "capacity_bytes={} free_bytes={}",
                files_->path(), opt_.capacity, *free
            )
        );
}

void spool_log::recover(surveyed_segment found) {
    cut_torn_end(found);
    segment ours;
    ours.sequence = found.sequence;
    ours.key      = found.key;
    ours.bytes    = found.bytes - found.torn;
    ours.damaged  = !found.gaps.empty();
    for (const auto& gap : found.gaps) {
        damaged_ += gap.records;
        note_gap(found.sequence, gap, "is damaged");
    }
    for (const auto& frame : found.frames) pending_ += frame.records;
    ours.frames.assign(found.frames.begin(), found.frames.end());
    total_bytes_ += ours.bytes;
    if (ours.frames.empty())
        retire(std::move(ours));
    else
        segments_.push_back(std::move(ours));
}

/// So that the next opening, when this segment is no longer the last, does not call it damage.
void spool_log::cut_torn_end(const surveyed_segment& found) {
    if (found.torn == 0) return;
    const auto   name = segment_name(found.sequence);
    result<void> cut;
    if (auto file = files_->open(name, spool_files::mode::change)) {
        cut = (*file)->truncate(found.bytes - found.torn);
        if (cut) cut = (*file)->sync();
    } else {
        cut = std::move(file).error();
    }
    note(
        spool_note::level::warning,
        fmt::format(
            "the spool's last batch was not written to its end and was never acknowledged "
            "file={} offset={} bytes={} cut={}",
            name, found.bytes - found.torn, found.torn, cut ? "yes" : cut.error().detail
        )
    );
}

/// A whole new file takes the old one's place. A failure is noted: all that is written so can be
/// done without.
void spool_log::write_small(const char* name, std::string_view bytes, bool durable) {
    const auto fresh = std::string(name) + ".new";
    // Left behind by a crash, or not there.
    static_cast<void>(files_->remove(fresh));
    const auto write = [&]() -> result<void> {
        auto file = files_->open(fresh, spool_files::mode::create);
        if (!file) return std::move(file).error();
        auto done = write_all(**file, 0, bytes);
        if (done && durable) done = (*file)->sync();
        if (done) done = files_->rename(fresh, name);
        if (done && durable) done = files_->sync_directory();
        return done;
    };
    if (auto written = write(); !written)
        note(
            spool_note::level::warning,
            fmt::format("cannot write beside the spool reason=\"{}\"", written.error().detail)
        );
}

void spool_log::note(spool_note::level how, std::string text) {
    constexpr std::size_t most = 100;  // between two looks of the owner
    if (notes_.size() < most) notes_.push_back({how, std::move(text)});
}

std::vector<spool_note> spool_log::take_notes() {
    gaps_noted_ = 0;
    return std::exchange(notes_, {});
}

void spool_log::note_gap(std::uint64_t sequence, const segment_gap& gap, std::string_view why) {
    if (++gaps_noted_ > gaps_named) return;
    note(
        spool_note::level::error,
        fmt::format(
            "a place in the spool {} file={} offset={} bytes={} records_lost={}", why,
            segment_name(sequence), gap.offset, gap.bytes, gap.records
        )
    );
}

}  // namespace falconer::ingest

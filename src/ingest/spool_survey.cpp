#include "spool_survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace falconer::ingest {
namespace {

constexpr std::string_view segment_suffix   = ".segment";
constexpr std::string_view set_aside_suffix = ".damaged";
constexpr std::size_t      digits           = 16;

std::optional<std::uint64_t> sequence_of(std::string_view name, std::string_view suffix) {
    if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
    std::uint64_t sequence = 0;
    const auto [end, ec]   = std::from_chars(name.data(), name.data() + digits, sequence);
    if (ec != std::errc{} || end != name.data() + digits) return std::nullopt;
    return sequence;
}

bool is_absent(const failure& why) {
    return why.code == std::errc::no_such_file_or_directory;
}

failure about(const spool_files& files, const std::string& name, failure why) {
    const auto code = why.code == errc::malformed || why.code == errc::too_large
                          ? make_error_code(errc::malformed)
                          : make_error_code(errc::unavailable);
    return {code, "spool " + files.path() + ": " + name + ": " + why.detail};
}

/// The disk will not give it, now or later: as good as damaged.
bool is_unreadable(const failure& why) {
    return why.code != errc::too_large && !is_of_the_moment(why);
}

/// Nothing: there is no such file. What cannot be read of it is unreadable_byte; of a file that
/// cannot even be opened, all.
result<std::optional<readable_bytes>> read_file(spool_files& files, const std::string& name) {
    auto file = files.open(name, spool_files::mode::read);
    if (!file) {
        if (is_absent(file.error())) return std::optional<readable_bytes>{};
        if (is_unreadable(file.error())) return std::optional(readable_bytes{.unreadable = 1});
        return about(files, name, std::move(file).error());
    }
    auto found = read_what_can_be_read(**file, max_segment_bytes);
    if (found) return std::optional(*std::move(found));
    if (is_unreadable(found.error())) return std::optional(readable_bytes{.unreadable = 1});
    return about(files, name, std::move(found).error());
}

/// Nothing: there is no such file, or it is damaged.
result<std::optional<segment_key>> read_key(spool_files& files, const std::string& name) {
    auto file = files.open(name, spool_files::mode::read);
    if (!file) {
        if (is_absent(file.error()) || is_unreadable(file.error()))
            return std::optional<segment_key>{};
        return about(files, name, std::move(file).error());
    }
    char header[segment_header_bytes];
    auto got = (*file)->read_at(0, header, sizeof header);
    if (!got && is_unreadable(got.error())) return std::optional<segment_key>{};
    if (!got) return about(files, name, std::move(got).error());
    auto key = read_segment_header({header, *got});
    if (!key) return about(files, name, std::move(key).error());
    return key;
}

/// The directory's salt: from its own file, else from the first segment whose header is intact.
result<void> find_salt(
    spool_files& files, const std::vector<std::uint64_t>& sequences, spool_survey& found
) {
    auto own = read_key(files, spool_salt_name);
    if (!own) return std::move(own).error();
    if (*own) {
        found.salt       = (*own)->salt;
        found.salt_known = true;
        return {};
    }
    for (const auto sequence : sequences) {
        auto key = read_key(files, segment_name(sequence));
        if (!key) return std::move(key).error();
        if (!*key) continue;
        found.salt = (*key)->salt;
        return {};
    }
    return {};
}

result<std::optional<surveyed_segment>> survey_segment(
    spool_files& files, std::uint64_t sequence, std::uint64_t salt, std::uint64_t done_before,
    tail end
) {
    const auto name = segment_name(sequence);
    auto       read = read_file(files, name);
    if (!read) return std::move(read).error();
    if (!*read) return std::optional<surveyed_segment>{};
    const auto& bytes = (*read)->bytes;
    auto        key   = read_segment_header(bytes);
    if (!key) return about(files, name, std::move(key).error());

    surveyed_segment segment;
    segment.sequence = sequence;
    segment.key      = key->value_or(segment_key{.sequence = sequence, .salt = salt});
    segment.bytes    = bytes.size();
    // Where something cannot be read, nobody can tell that an end was never finished.
    if ((*read)->unreadable > 0) end = tail::is_complete;
    auto found   = scan_segment(bytes, segment.key, end);
    segment.torn = found.torn;
    if (!*key && segment.bytes >= segment_header_bytes)
        segment.gaps.push_back({.offset = 0, .bytes = segment_header_bytes, .records = 0});
    for (const auto& frame : found.frames)
        if (frame.offset >= done_before) segment.frames.push_back(frame);
    for (auto gap : found.gaps) {
        const auto gap_end = gap.offset + gap.bytes;
        if (gap_end <= done_before) continue;
        // Damaged headers one after another make one gap: it may begin in what is done.
        gap.offset = std::max(gap.offset, done_before);
        gap.bytes  = gap_end - gap.offset;
        segment.gaps.push_back(gap);
    }
    // Not even its size is known.
    if (bytes.empty() && (*read)->unreadable > 0)
        segment.gaps.push_back({.offset = done_before, .bytes = 0, .records = 1});
    return std::optional(std::move(segment));
}

}  // namespace

std::string segment_name(std::uint64_t sequence) {
    return fmt::format("{:016}{}", sequence, segment_suffix);
}

std::string set_aside_name(std::uint64_t sequence) {
    return fmt::format("{:016}{}", sequence, set_aside_suffix);
}

std::uint64_t spool_survey::pending() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& segment : segments)
        for (const auto& frame : segment.frames) sum += frame.records;
    return sum;
}

std::uint64_t spool_survey::damaged() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& segment : segments)
        for (const auto& gap : segment.gaps) sum += gap.records;
    return sum;
}

result<spool_survey> survey_spool(spool_files& files) {
    auto names = files.list();
    if (!names) return failure{errc::unavailable, names.error().detail};
    spool_survey               found;
    std::vector<std::uint64_t> sequences;
    for (const auto& name : *names) {
        const auto aside    = sequence_of(name, set_aside_suffix);
        const auto sequence = sequence_of(name, segment_suffix);
        if (aside) ++found.set_aside;
        if (name == spool_dead_letters_name) found.dead_letters = true;
        if (sequence) sequences.push_back(*sequence);
        found.next = std::max(found.next, std::max(aside.value_or(0), sequence.value_or(0)) + 1);
    }
    std::ranges::sort(sequences);
    auto salted = find_salt(files, sequences, found);
    if (!salted) return std::move(salted).error();

    auto kept = read_file(files, spool_checkpoint_name);
    if (!kept) return std::move(kept).error();
    // Without one, or with one that cannot be read: nothing is done. Sequences begin with 1.
    const auto at = read_checkpoint(kept->value_or(readable_bytes{}).bytes, found.salt)
                        .value_or(spool_checkpoint{});
    found.next = std::max(found.next, at.sequence + 1);

    for (const auto sequence : sequences) {
        if (sequence < at.sequence) {
            found.segments.push_back({.sequence = sequence});
            continue;
        }
        const auto done    = sequence == at.sequence ? at.offset : 0;
        const auto end     = sequence == sequences.back() ? tail::may_be_torn : tail::is_complete;
        auto       segment = survey_segment(files, sequence, found.salt, done, end);
        if (!segment) return std::move(segment).error();
        if (*segment) found.segments.push_back(**std::move(segment));
    }
    return found;
}

}  // namespace falconer::ingest

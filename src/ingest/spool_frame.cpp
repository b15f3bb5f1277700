#include "spool_frame.hpp"

#include "byte_codec.hpp"

#include <zlib.h>

namespace falconer::ingest {
namespace {

// 0xF5 occurs in no UTF-8: text never looks like a frame.
constexpr std::string_view frame_magic      = "\xF5SPL";
constexpr std::string_view segment_magic    = "FALCSPL\n";
constexpr std::string_view checkpoint_magic = "\xF5SPC";
// 2: events may have their exact bodies, tallies a cause more. The salt's file is as it was: a
// spool that has been emptied is one for an older program as well.
constexpr std::uint32_t segment_version = 2;
constexpr std::uint32_t salt_version    = 1;

// Within a frame's header.
constexpr std::size_t payload_checksum_at = 20;
constexpr std::size_t header_checksum_at  = 24;

std::uint32_t checksum(
    std::string_view bytes, const segment_key& key, std::uint64_t offset
) noexcept {
    Bytef       seed[24];
    std::size_t filled = 0;
    for (const auto number : {key.salt, key.sequence, offset})
        for (int shift = 0; shift < 64; shift += 8)
            seed[filled++] = static_cast<Bytef>(number >> shift & 0xFF);
    auto sum = crc32_z(0, seed, sizeof seed);
    sum      = crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    return static_cast<std::uint32_t>(sum);
}

std::uint32_t plain_checksum(std::string_view bytes) noexcept {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size())
    );
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    return byte_reader(bytes.substr(at)).number<std::uint32_t>();
}

/// The place of the next header that belongs where it stands; the segment's end if there is none.
std::size_t next_header(std::string_view segment, const segment_key& key, std::size_t from) {
    for (;;) {
        const auto at = segment.find(frame_magic, from);
        if (at == std::string_view::npos) return segment.size();
        if (read_frame_header(segment.substr(at), key, at)) return at;
        from = at + 1;
    }
}

}  // namespace

std::string segment_header(const segment_key& key) {
    std::string bytes(segment_magic);
    byte_writer to(bytes);
    to.number(key.sequence == 0 ? salt_version : segment_version);
    to.number(key.sequence);
    to.number(key.salt);
    to.number(plain_checksum(bytes));
    return bytes;
}

result<std::optional<segment_key>> read_segment_header(std::string_view segment) {
    if (segment.size() < segment_header_bytes || !segment.starts_with(segment_magic))
        return std::optional<segment_key>{};
    byte_reader in(segment.substr(segment_magic.size()));
    const auto  version  = in.number<std::uint32_t>();
    const auto  sequence = in.number<std::uint64_t>();
    const auto  salt     = in.number<std::uint64_t>();
    if (plain_checksum(segment.substr(0, segment_header_bytes - 4)) != in.number<std::uint32_t>())
        return std::optional<segment_key>{};
    if (version < 1 || version > segment_version)
        return failure{
            errc::malformed, "has format version " + std::to_string(version) +
                                 ", this program reads up to " + std::to_string(segment_version)
        };
    return std::optional(segment_key{sequence, salt});
}

void seal_frame(
    std::string& frame, const segment_key& key, std::uint64_t offset, std::uint32_t records,
    utc_time oldest
) {
    const auto  payload = std::string_view(frame).substr(frame_header_bytes);
    std::string header(frame_magic);
    byte_writer to(header);
    to.number(static_cast<std::uint32_t>(payload.size()));
    to.number(records);
    to.number(static_cast<std::int64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(oldest.time_since_epoch()).count()
    ));
    to.number(checksum(payload, key, offset));
    to.number(checksum(header, key, offset));
    frame.replace(0, frame_header_bytes, header);
}

std::optional<frame_place> read_frame_header(
    std::string_view bytes, const segment_key& key, std::uint64_t offset
) {
    if (bytes.size() < frame_header_bytes || !bytes.starts_with(frame_magic)) return std::nullopt;
    const auto sum = checksum(bytes.substr(0, header_checksum_at), key, offset);
    if (sum != number_at(bytes, header_checksum_at)) return std::nullopt;
    byte_reader in(bytes.substr(frame_magic.size()));
    frame_place place;
    place.offset  = static_cast<std::uint32_t>(offset);
    place.payload = in.number<std::uint32_t>();
    place.records = in.number<std::uint32_t>();
    const std::chrono::nanoseconds oldest(in.number<std::int64_t>());
    place.oldest = utc_time(std::chrono::duration_cast<utc_time::duration>(oldest));
    if (place.payload > max_payload_bytes) return std::nullopt;
    return place;
}

bool is_intact(std::string_view frame, const segment_key& key, const frame_place& place) {
    const auto header = read_frame_header(frame, key, place.offset);
    return header == place && frame.size() == frame_header_bytes + place.payload &&
           checksum(frame.substr(frame_header_bytes), key, place.offset) ==
               number_at(frame, payload_checksum_at);
}

segment_scan scan_segment(std::string_view segment, const segment_key& key, tail end) {
    segment_scan found;
    std::size_t  at = segment_header_bytes;
    if (segment.size() < at) {
        // Created, and not one frame acknowledged — or cut down to nothing.
        if (end == tail::may_be_torn)
            found.torn = segment.size();
        else
            found.gaps.push_back({.offset = 0, .bytes = segment.size()});
        return found;
    }
    while (at < segment.size()) {
        const auto here = read_frame_header(segment.substr(at), key, at);
        if (here && here->end() <= segment.size()) {
            const auto size = static_cast<std::size_t>(here->end()) - at;
            if (is_intact(segment.substr(at, size), key, *here))
                found.frames.push_back(*here);
            else
                found.gaps.push_back({.offset = at, .bytes = size, .records = here->records});
            at += size;
            continue;
        }
        const auto rest = segment.substr(at);
        // The header vouches for the length: nothing else can follow.
        const auto next    = here ? segment.size() : next_header(segment, key, at + 1);
        const bool cut_off = here || rest.size() < frame_header_bytes ||
                             rest.find_first_not_of('\0') == std::string_view::npos;
        if (end == tail::may_be_torn && next == segment.size() && cut_off) {
            found.torn = rest.size();
            break;
        }
        found.gaps.push_back({.offset = at, .bytes = next - at, .records = here ? here->records : 1}
        );
        at = next;
    }
    return found;
}

std::string write_checkpoint(const spool_checkpoint& at, std::uint64_t salt) {
    std::string bytes(checkpoint_magic);
    byte_writer to(bytes);
    to.number(at.sequence);
    to.number(at.offset);
    to.number(checksum(bytes, {.sequence = 0, .salt = salt}, 0));
    return bytes;
}

std::optional<spool_checkpoint> read_checkpoint(std::string_view bytes, std::uint64_t salt) {
    constexpr std::size_t size = 4 + 8 + 8;
    if (bytes.size() != size + 4 || !bytes.starts_with(checkpoint_magic)) return std::nullopt;
    if (checksum(bytes.substr(0, size), {.sequence = 0, .salt = salt}, 0) != number_at(bytes, size))
        return std::nullopt;
    byte_reader in(bytes.substr(checkpoint_magic.size()));
    const auto  sequence = in.number<std::uint64_t>();
    return spool_checkpoint{.sequence = sequence, .offset = in.number<std::uint64_t>()};
}

}  // namespace falconer::ingest

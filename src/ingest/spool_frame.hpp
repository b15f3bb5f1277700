// How a segment of the spool is laid out: a header, then frames; and how frames are found again in
// bytes that may be damaged. Pure: no files here.
#pragma once

#include "falconer/result.hpp"
#include "falconer/time_source.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::ingest {

inline constexpr std::size_t segment_header_bytes = 32;
inline constexpr std::size_t frame_header_bytes   = 28;
inline constexpr std::size_t max_payload_bytes    = std::size_t{64} << 20;

/// What all checksums of a segment begin with, beside the offset: a frame counts only in its own
/// place. The salt is random and stays in the directory: no sender can write, into an event's body,
/// a frame that would pass for ours when the frame around it is damaged.
struct segment_key {
    std::uint64_t sequence = 0;
    std::uint64_t salt     = 0;

    friend bool operator==(const segment_key&, const segment_key&) = default;
};

/// Where an intact frame lies, and what is in it.
struct frame_place {
    std::uint32_t offset  = 0;  // of its header
    std::uint32_t payload = 0;  // bytes
    std::uint32_t records = 0;
    utc_time      oldest{};  // receipt

    std::uint64_t end() const noexcept {
        return std::uint64_t{offset} + frame_header_bytes + payload;
    }
    friend bool operator==(const frame_place&, const frame_place&) = default;
};

/// Bytes that are no intact frame.
struct segment_gap {
    std::uint64_t offset  = 0;
    std::uint64_t bytes   = 0;
    std::uint32_t records = 1;  // lost, as its header says; 1 where that cannot be told

    friend bool operator==(const segment_gap&, const segment_gap&) = default;
};

/// Magic, version, sequence, salt, checksum. With the sequence 0: the directory's salt file.
std::string segment_header(const segment_key& key);
/// Nothing: damaged. Errors : malformed   a version that is not ours
result<std::optional<segment_key>> read_segment_header(std::string_view segment);

/// Fills in the first `frame_header_bytes` of `frame`; the payload is behind them.
void seal_frame(
    std::string& frame, const segment_key& key, std::uint64_t offset, std::uint32_t records,
    utc_time oldest
);
/// The header at the beginning of `bytes`, if it is one that belongs there.
std::optional<frame_place> read_frame_header(
    std::string_view bytes, const segment_key& key, std::uint64_t offset
);
/// Whether `frame`, header included, is what seal_frame made for that place.
bool is_intact(std::string_view frame, const segment_key& key, const frame_place& place);

/// A last frame that does not end within the file was being written when the process ended: it was
/// not acknowledged, so in the segment that was last written to it is `torn` and not damage.
struct segment_scan {
    std::vector<frame_place> frames{};
    std::vector<segment_gap> gaps{};
    std::uint64_t            torn = 0;  // bytes at the end; they lie behind the last frame and gap
};
enum class tail { may_be_torn, is_complete };

/// Every intact frame of the segment, wherever damage lies.
segment_scan scan_segment(std::string_view segment, const segment_key& key, tail end);

/// All frames before it are done.
struct spool_checkpoint {
    std::uint64_t sequence = 0;
    std::uint64_t offset   = 0;
};
std::string                     write_checkpoint(const spool_checkpoint& at, std::uint64_t salt);
std::optional<spool_checkpoint> read_checkpoint(std::string_view bytes, std::uint64_t salt);

}  // namespace falconer::ingest

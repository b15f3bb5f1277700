// A segment of the spool: frames one after another, and how to find them again. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::ingest {

/// A segment's name says its place in the order and carries its salt: a random number that all
/// checksums of the segment begin with. So nobody who only chooses what is written inside a frame
/// can make it look like a frame.
struct segment_name {
    std::uint64_t sequence = 0;
    std::uint64_t salt     = 0;

    static std::optional<segment_name> parse(std::string_view file);
    std::string                        file() const;  // "0000000000000001-0123456789abcdef.spool"
};

/// A frame: 24 bytes of header, then the payload. All numbers little-endian:
///
///     u32 magic  u32 payload bytes  u32 records  u32 payload's checksum  u32 zero
///     u32 checksum of salt, offset and the five before
struct frame {
    std::uint64_t offset  = 0;  // of the header in its segment
    std::uint32_t size    = 0;  // of the payload
    std::uint32_t records = 0;

    static constexpr std::size_t header_size = 24;
    static constexpr std::size_t largest     = std::size_t{64} << 20;

    std::uint64_t end() const { return offset + header_size + size; }
};

/// The frame's bytes, header and payload.
std::string make_frame(
    const segment_name& in, std::uint64_t offset, std::uint32_t records, std::string_view payload
);

/// What stands at the beginning of `bytes`, which begin at `offset` of the segment.
struct frame_reading {
    enum class state { intact, damaged, none };  // damaged: a true header, another payload
    state            what = state::none;
    frame            which{};
    std::string_view payload{};  // of an intact one
};
frame_reading read_frame(const segment_name& in, std::uint64_t offset, std::string_view bytes);

/// A stretch that holds no intact frame.
struct gap {
    std::uint64_t offset  = 0;
    std::uint64_t size    = 0;
    std::uint64_t records = 1;  // lost in it; where not even that can be told: 1
};
struct segment_survey {
    std::vector<frame> frames{};
    std::vector<gap>   gaps{};
    std::uint64_t      torn = 0;  // bytes at the end that are the beginning of a frame, no more
};

/// Finds every intact frame, whatever stands between them.
segment_survey survey(const segment_name& in, std::string_view bytes);

}  // namespace falconer::ingest

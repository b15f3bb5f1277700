#include "spool_segment.hpp"

#include <zlib.h>

#include <array>
#include <charconv>
#include <cstdio>

namespace falconer::ingest {
namespace {

constexpr std::uint32_t    magic  = 0x4C50'5346;  // "FSPL"
constexpr std::string_view ending = ".spool";
constexpr std::string_view magic_text{"FSPL"};

template <class Integer>
void put(std::string& to, Integer value) {
    for (std::size_t i = 0; i < sizeof value; ++i) to += static_cast<char>(value >> (8 * i) & 0xFF);
}
std::uint32_t get(std::string_view from, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(from[at + i])) << (8 * i);
    return value;
}
std::uint32_t checksum(std::string_view bytes, std::uint32_t seed = 0) {
    return static_cast<std::uint32_t>(
        ::crc32_z(seed, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())
    );
}

/// Of the segment's salt and the place in it: the same bytes elsewhere have another checksum.
std::uint32_t seed_of(const segment_name& in, std::uint64_t offset) {
    std::string text;
    put(text, in.salt);
    put(text, offset);
    return checksum(text);
}

std::string header_of(const segment_name& in, const frame& f, std::uint32_t payload_checksum) {
    std::string header;
    header.reserve(frame::header_size);
    put(header, magic);
    put(header, f.size);
    put(header, f.records);
    put(header, payload_checksum);
    put(header, std::uint32_t{0});
    put(header, checksum(header, seed_of(in, f.offset)));
    return header;
}

bool is_header(const segment_name& in, std::uint64_t offset, std::string_view bytes) {
    if (bytes.size() < frame::header_size || get(bytes, 0) != magic) return false;
    return get(bytes, 20) == checksum(bytes.substr(0, 20), seed_of(in, offset)) &&
           get(bytes, 4) <= frame::largest;
}

}  // namespace

std::optional<segment_name> segment_name::parse(std::string_view file) {
    if (file.size() != 33 + ending.size() || file[16] != '-' || !file.ends_with(ending))
        return std::nullopt;
    segment_name name;
    const auto   number = [&](std::size_t at, std::uint64_t& into) {
        const auto [end, wrong] =
            std::from_chars(file.data() + at, file.data() + at + 16, into, 16);
        return wrong == std::errc{} && end == file.data() + at + 16;
    };
    if (!number(0, name.sequence) || !number(17, name.salt)) return std::nullopt;
    return name;
}

std::string segment_name::file() const {
    std::array<char, 48> text{};
    std::snprintf(
        text.data(), text.size(), "%016llx-%016llx.spool",
        static_cast<unsigned long long>(sequence), static_cast<unsigned long long>(salt)
    );
    return text.data();
}

std::string make_frame(
    const segment_name& in, std::uint64_t offset, std::uint32_t records, std::string_view payload
) {
    const frame f{
        .offset = offset, .size = static_cast<std::uint32_t>(payload.size()), .records = records
    };
    auto bytes  = header_of(in, f, checksum(payload, seed_of(in, offset)));
    bytes      += payload;
    return bytes;
}

frame_reading read_frame(const segment_name& in, std::uint64_t offset, std::string_view bytes) {
    frame_reading got;
    if (!is_header(in, offset, bytes)) return got;
    got.which        = {.offset = offset, .size = get(bytes, 4), .records = get(bytes, 8)};
    got.what         = frame_reading::state::damaged;
    const auto inner = bytes.substr(frame::header_size);
    if (inner.size() < got.which.size) return got;
    got.payload = inner.substr(0, got.which.size);
    if (checksum(got.payload, seed_of(in, offset)) == get(bytes, 12))
        got.what = frame_reading::state::intact;
    return got;
}

segment_survey survey(const segment_name& in, std::string_view bytes) {
    segment_survey found;
    std::uint64_t  at = 0;
    while (at < bytes.size()) {
        const auto here = read_frame(in, at, bytes.substr(at));
        if (here.what == frame_reading::state::intact) {
            found.frames.push_back(here.which);
            at = here.which.end();
            continue;
        }
        // A true header with a payload that is not: what follows it may still be good. Otherwise
        // the next header is looked for; its checksum is short, so looking is cheap.
        auto next = bytes.size();
        for (auto place = bytes.find(magic_text, at + 1); place != std::string_view::npos;
             place      = bytes.find(magic_text, place + 1)) {
            if (!is_header(in, place, bytes.substr(place))) continue;
            next = place;
            break;
        }
        const bool known = here.what == frame_reading::state::damaged;
        const bool torn  = next == bytes.size() && (known ? here.which.end() > bytes.size()
                                                          : bytes.size() - at < frame::header_size);
        if (torn)
            found.torn = bytes.size() - at;
        else
            found.gaps.push_back({at, next - at, known ? here.which.records : 1});
        at = next;
    }
    return found;
}

}  // namespace falconer::ingest

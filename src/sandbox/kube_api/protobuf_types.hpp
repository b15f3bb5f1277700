// Which fields of which objects have which numbers in Kubernetes' protobuf.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace falconer::sandbox::proto {

enum class kind : std::uint8_t {
    text,
    texts,
    number,
    flag,
    time,
    micro_time,
    text_map,
    bytes_map,
    part,
    parts,
};

struct message;
struct field {
    unsigned         number = 0;
    std::string_view name{};
    kind             is         = kind::text;
    const message*   of         = nullptr;  // of parts
    bool             is_pointer = false;    // in Go: what is there was said, though it be empty
};
struct message {
    std::span<const field> fields{};
};

/// Null: not one of those that are read.
const message* message_of(std::string_view api_version, std::string_view called);

}  // namespace falconer::sandbox::proto

#include "protobuf.hpp"

#include "falconer/base64.hpp"
#include "falconer/event.hpp"
#include "protobuf_types.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace falconer::sandbox {
namespace {

using namespace proto;

failure broken_off() {
    return {errc::malformed, "the protobuf in the body is cut off"};
}

/// One field as it stands on the wire. Source: protobuf.dev, "Encoding".
struct wire_field {
    unsigned         number = 0;
    std::uint64_t    whole  = 0;  // of varints
    std::string_view bytes{};     // of what has a length
};

class reader {
public:
    explicit reader(std::string_view rest) : rest_(rest) {}

    bool at_end() const noexcept { return rest_.empty(); }

    /// Nothing: it is cut off, or nothing that we know.
    std::optional<wire_field> next() {
        const auto tag = varint();
        if (!tag) return {};
        wire_field made{.number = static_cast<unsigned>(*tag >> 3U)};
        switch (*tag & 7U) {
            case 0: {
                const auto whole = varint();
                if (!whole) return {};
                made.whole = *whole;
                return made;
            }
            case 1: return take(8) ? std::optional(made) : std::nullopt;
            case 5: return take(4) ? std::optional(made) : std::nullopt;
            case 2: {
                const auto size = varint();
                if (!size) return {};
                const auto bytes = take(*size);
                if (!bytes) return {};
                made.bytes = *bytes;
                return made;
            }
            default: return {};
        }
    }

private:
    std::optional<std::uint64_t> varint() {
        std::uint64_t made = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            made |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
            if ((byte & 0x80U) == 0) return made;
        }
        return {};
    }
    std::optional<std::string_view> take(std::uint64_t size) {
        if (size > rest_.size()) return {};
        const auto taken = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    std::string_view rest_;
};

/// {seconds, nanos}. Null: the time that is none.
value time_in(std::string_view bytes, bool micro) {
    event_time at;
    for (reader in(bytes); !in.at_end();) {
        const auto field = in.next();
        if (!field) return {};
        if (field->number == 1) at.seconds = static_cast<std::int64_t>(field->whole);
        if (field->number == 2) at.nanos = static_cast<std::uint32_t>(field->whole);
    }
    if (at.seconds <= 0) return {};
    const auto fraction = std::to_string(1'000'000 + at.nanos / 1000).substr(1);
    at.nanos            = 0;
    auto text           = text_of(at);
    if (micro) text.insert(text.size() - 1, "." + fraction);
    return text;
}

/// An entry of a map: its key and what it holds.
std::optional<std::pair<std::string, std::string>> pair_in(std::string_view bytes) {
    std::pair<std::string, std::string> made;
    for (reader in(bytes); !in.at_end();) {
        const auto field = in.next();
        if (!field) return {};
        if (field->number == 1) made.first = field->bytes;
        if (field->number == 2) made.second = field->bytes;
    }
    return made;
}

result<value> read(const message& of, std::string_view bytes, int depth);

/// Adds what a field holds. What is empty was not said, but for what is a pointer in Go.
result<void> add(const field& known, const wire_field& is, value& to, int depth) {
    const bool optional = known.is_pointer;
    switch (known.is) {
        case kind::text:
            if (optional || !is.bytes.empty()) to[known.name] = is.bytes;
            return {};
        case kind::texts: to[known.name].push_back(is.bytes); return {};
        case kind::number:
            if (optional || is.whole != 0) to[known.name] = static_cast<std::int64_t>(is.whole);
            return {};
        case kind::flag:
            if (optional || is.whole != 0) to[known.name] = is.whole != 0;
            return {};
        case kind::time:
        case kind::micro_time:
            if (auto at = time_in(is.bytes, known.is == kind::micro_time); !at.is_null())
                to[known.name] = std::move(at);
            return {};
        case kind::text_map:
        case kind::bytes_map: {
            auto pair = pair_in(is.bytes);
            if (!pair) return broken_off();
            to[known.name][pair->first] =
                known.is == kind::text_map ? pair->second : encode_base64(pair->second);
            return {};
        }
        case kind::part:
        case kind::parts: {
            auto inner = read(*known.of, is.bytes, depth + 1);
            if (!inner) return std::move(inner).error();
            if (known.is == kind::parts)
                to[known.name].push_back(std::move(*inner));
            else if (optional || !inner->entries().empty())
                to[known.name] = std::move(*inner);
            return {};
        }
    }
    return {};
}

result<value> read(const message& of, std::string_view bytes, int depth) {
    if (depth > deepest_value) return failure{errc::malformed, "the protobuf is too deep"};
    auto made = value::map();
    for (reader in(bytes); !in.at_end();) {
        const auto is = in.next();
        if (!is) return broken_off();
        const auto known = std::ranges::find(of.fields, is->number, &field::number);
        if (known == of.fields.end()) continue;  // what only a server writes
        if (auto done = add(*known, *is, made, depth); !done) return std::move(done).error();
    }
    return made;
}

}  // namespace

bool is_protobuf(std::string_view content_type) {
    return content_type.starts_with("application/vnd.kubernetes.protobuf");
}

result<value> read_protobuf(std::string_view body) {
    constexpr std::string_view mark("k8s\0", 4);
    if (!body.starts_with(mark)) return failure{errc::malformed, "the body is no protobuf"};
    body.remove_prefix(mark.size());
    std::string      version, called;
    std::string_view raw;
    for (reader in(body); !in.at_end();) {
        const auto is = in.next();
        if (!is) return broken_off();
        if (is->number == 2) raw = is->bytes;
        if (is->number != 1) continue;
        for (reader inner(is->bytes); !inner.at_end();) {
            const auto part = inner.next();
            if (!part) return broken_off();
            if (part->number == 1) version = part->bytes;
            if (part->number == 2) called = part->bytes;
        }
    }
    const auto* const known = message_of(version, called);
    if (known == nullptr) return failure{errc::not_found, called + " of " + version};
    auto made = read(*known, raw, 0);
    if (!made) return made;
    (*made)["apiVersion"] = version;
    (*made)["kind"]       = called;
    return made;
}

}  // namespace falconer::sandbox

// What a cluster tells us, checked and ready to be kept.
#pragma once

#include "falconer/ids.hpp"
#include "falconer/time_source.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace falconer {

/// Falco's priorities, the most urgent first. The number is what the store keeps.
/// Source: https://falco.org/docs/rules/basic-elements/#priority
enum class priority : std::uint8_t {
    emergency,
    alert,
    critical,
    error,
    warning,
    notice,
    informational,
    debug
};
std::string_view        name_of(priority p) noexcept;                 // "Emergency" … "Debug"
std::optional<priority> priority_of(std::string_view name) noexcept;  // any ASCII case, and "Info"

/// When something happened, by the sender's clock. Years 1970 to 9999, to the nanosecond: more than
/// the clocks of <chrono> hold.
struct event_time {
    std::int64_t  seconds = 0;  // since 1970-01-01T00:00:00Z
    std::uint32_t nanos   = 0;  // 0 … 999'999'999

    friend auto operator<=>(const event_time&, const event_time&) = default;
};
event_time event_time_of(utc_time t) noexcept;

/// Remarks that travel with a stored event. The numbers are what the store keeps.
enum class event_flag : std::uint16_t {
    past         = 1,   // happened before the year 2000, says the sender
    future       = 2,   // more than 24 h ahead of our clock
    uuid_minted  = 4,   // the sender gave none; ours is derived from cluster and body
    sampled      = 8,   // stands for others of its rule and minute: the cluster is over its quota
    test         = 16,  // a test event or a heartbeat: kept out of counts and alerts by default
    requarantine = 32,  // came back from quarantine
    unproven     = 64,  // a heartbeat without the proof that this cluster's carry
    replaced_characters = 128,  // U+0000 and lone surrogates are shown as U+FFFD
};

/// The texts of an event, in one block of memory. A text that is absent is not the same as an empty
/// one. All are UTF-8 without U+0000.
class event_texts {
public:
    enum class part : std::uint8_t {
        rule,
        output,
        source,
        hostname,
        tags,
        output_fields,
        extra,
        raw
    };
    static constexpr std::size_t parts = 8;

    void reserve(std::size_t bytes) { text_.reserve(bytes); }
    /// Replaces the part; the old text's place is wasted until the event goes.
    void                            put(part which, std::string_view value);
    void                            drop(part which) noexcept { slices_[index(which)] = {}; }
    std::optional<std::string_view> get(part which) const noexcept;
    std::string_view                get_or_empty(part which) const noexcept;

    std::size_t memory() const noexcept { return text_.capacity(); }

private:
    static constexpr std::size_t index(part p) { return static_cast<std::size_t>(p); }
    struct slice {
        std::uint32_t begin = absent, size = 0;
    };
    static constexpr std::uint32_t absent = 0xFFFF'FFFF;

    std::string              text_;
    std::array<slice, parts> slices_{};
};

/// One Falco event. `texts`: rule, output, source and hostname as plain text; tags as a JSON array
/// of strings; output_fields and extra (unknown top-level keys) as JSON objects, byte for byte as
/// sent. Where that was not possible (event_flag::replaced_characters) raw is the body as it came,
/// within the cluster's bounds.
struct falco_event {
    cluster_ref   from;
    uuid          id{};
    event_time    time{};
    utc_time      received{};
    priority      level = priority::debug;
    std::uint16_t flags = 0;  // event_flag, or-ed
    event_texts   texts{};

    bool has(event_flag f) const noexcept { return (flags & static_cast<std::uint16_t>(f)) != 0; }
    void set(event_flag f) noexcept { flags |= static_cast<std::uint16_t>(f); }
};

/// The event as one JSON object in Falcosidekick's form, with unknown keys where the sender had
/// them.
std::string json_of(const falco_event& event);

/// The sender's own bytes where they are kept, else json_of().
std::string body_of(const falco_event& event);

/// RFC 3339 in UTC, the fraction without trailing zeros.
std::string text_of(event_time t);

/// A request body that cannot be stored as an event, kept aside with the reason.
struct quarantined_body {
    cluster_ref from;
    utc_time    received{};
    std::string about{};   // the key at fault, or: nul, surrogate, number, depth, store, import
    std::string reason{};  // one line for people
    std::string body{};    // the sender's bytes
};

/// Events that are only counted.
struct event_tally {
    enum class cause : std::uint8_t {
        over_quota      = 1,
        quarantine_full = 2,
        token_refused   = 3,
        bytes_not_kept  = 4,  // of an event that is stored: its exact body is not
    };

    cluster_ref   from;
    cause         why = cause::over_quota;
    std::string   rule{};  // only for over_quota
    priority      level = priority::debug;
    utc_time      minute{};  // of receipt, truncated
    std::uint64_t count = 1;
};

/// Whatever must be durable before its sender gets a 2xx.
using ingest_record = std::variant<falco_event, quarantined_body, event_tally>;

cluster_ref sender_of(const ingest_record& record);
/// What a record costs while it waits, for limits on memory.
std::size_t bytes_of(const ingest_record& record) noexcept;

/// Records that are stored together or not at all. Its id makes a repetition recognisable: tallies
/// of one id are applied once, however often the batch is inserted.
struct record_batch {
    uuid                       id{};
    std::vector<ingest_record> records{};
    bool                       replayed = false;  // from the spool: may have been stored before
    std::vector<uuid> done{};  // earlier batches of tallies that will not come again: ids to forget
};

}  // namespace falconer

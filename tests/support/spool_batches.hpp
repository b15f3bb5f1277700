// Batches for the spool, and how to tell that two are the same.
#pragma once

#include "falconer/event.hpp"

#include <string>

namespace falconer::test {

inline cluster_ref cluster_named(std::string name) {
    return std::make_shared<const cluster_identity>(cluster_identity{std::move(name)});
}

inline record_batch batch_of_every_kind() {
    using std::chrono::seconds;
    const auto  here = cluster_named("shoot--dev--a-8b3f-live");
    falco_event event;
    event.from     = here;
    event.id       = *uuid::parse("01234567-89ab-cdef-0123-456789abcdef");
    event.time     = {.seconds = 253'402'300'799, .nanos = 999'999'999};  // the year 9999
    event.received = utc_time(seconds(1'767'225'661)) + std::chrono::nanoseconds(17);
    event.level    = priority::critical;
    event.set(event_flag::sampled);
    event.set(event_flag::requarantine);
    const char* texts[event_texts::parts] = {
        "Terminal shell",
        "a shell \xE2\x82\xAC",
        "syscall",
        "node-1",
        R"(["a","b"])",
        R"({"proc.pid":1234567890123456789})",
        "{}",
        R"({"rule":"\u0000"})",
    };
    for (std::size_t i = 0; i < event_texts::parts; ++i)
        event.texts.put(static_cast<event_texts::part>(i), texts[i]);
    const quarantined_body aside{
        .from     = here,
        .received = utc_time(seconds(1'767'225'662)),
        .about    = "nul",
        .reason   = "U+0000 in rule",
        .body     = std::string("{\"rule\":\"\0\"}", 12),
    };
    const event_tally tally{
        .from   = cluster_named("another"),
        .why    = event_tally::cause::bytes_not_kept,
        .rule   = "r",
        .level  = priority::warning,
        .minute = utc_time(seconds(1'767'225'600)),
        .count  = ~std::uint64_t{0},
    };
    return {.id = uuid::random(), .records = {event, aside, tally}};
}

/// A batch that is recognised by its number, with one event of about `size` bytes.
inline record_batch batch_number(std::uint64_t number, std::size_t size = 100, int events = 1) {
    record_batch batch;
    for (int i = 0; i < 8; ++i)
        batch.id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> 8 * i);
    for (int i = 0; i < events; ++i) {
        falco_event event;
        event.from     = cluster_named("c");
        event.received = utc_time(std::chrono::seconds(1'767'225'600 + number));
        event.texts.put(
            event_texts::part::output, std::string(size, static_cast<char>('a' + number % 26))
        );
        batch.records.push_back(std::move(event));
    }
    return batch;
}

inline std::uint64_t number_of(const record_batch& batch) {
    std::uint64_t number = 0;
    for (int i = 7; i >= 0; --i) number = number << 8 | batch.id.bytes[static_cast<std::size_t>(i)];
    return number;
}

inline bool same(const falco_event& a, const falco_event& b) {
    for (std::size_t i = 0; i < event_texts::parts; ++i)
        if (a.texts.get(static_cast<event_texts::part>(i)) !=
            b.texts.get(static_cast<event_texts::part>(i)))
            return false;
    return a.id == b.id && a.time == b.time && a.received == b.received && a.level == b.level &&
           a.flags == b.flags;
}
inline bool same(const quarantined_body& a, const quarantined_body& b) {
    return a.received == b.received && a.about == b.about && a.reason == b.reason &&
           a.body == b.body;
}
inline bool same(const event_tally& a, const event_tally& b) {
    return a.why == b.why && a.rule == b.rule && a.level == b.level && a.minute == b.minute &&
           a.count == b.count;
}

/// All but `replayed`.
inline bool same(const record_batch& a, const record_batch& b) {
    if (a.id != b.id || a.records.size() != b.records.size()) return false;
    for (std::size_t i = 0; i < a.records.size(); ++i) {
        const auto &x = a.records[i], &y = b.records[i];
        const auto  from_a = sender_of(x), from_b = sender_of(y);
        if (x.index() != y.index() || !from_a != !from_b) return false;
        if (from_a && from_a->text != from_b->text) return false;
        const bool equal = std::visit(
            [&y](const auto& each) {
                return same(each, std::get<std::decay_t<decltype(each)>>(y));
            },
            x
        );
        if (!equal) return false;
    }
    return true;
}

}  // namespace falconer::test

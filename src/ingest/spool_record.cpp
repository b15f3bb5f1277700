#include "spool_record.hpp"

#include "byte_codec.hpp"
#include "falconer/mailbox.hpp"

#include <algorithm>

namespace falconer::ingest {
namespace {

// A change to what follows also changes segment_version in spool_frame.cpp: an older program then
// refuses the whole directory instead of calling its batches damaged.
constexpr std::uint8_t version = 1;

enum class kind : std::uint8_t { event = 1, quarantined = 2, tally = 3 };

constexpr std::uint32_t no_cluster   = 0xFFFF'FFFF;
constexpr std::size_t   least_record = 1 + 4;  // its kind and its cluster's length

using part = event_texts::part;

std::int64_t ticks(utc_time t) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

utc_time time_of(std::int64_t ticks) noexcept {
    return utc_time(std::chrono::duration_cast<utc_time::duration>(std::chrono::nanoseconds(ticks))
    );
}

void write_cluster(byte_writer& out, const cluster_ref& from) {
    if (from)
        out.text(from->text);
    else
        out.number(no_cluster);
}

void write(byte_writer& out, const falco_event& event) {
    out.number(static_cast<std::uint8_t>(kind::event));
    write_cluster(out, event.from);
    out.raw(event.id.bytes.data(), event.id.bytes.size());
    out.number(event.time.seconds);
    out.number(event.time.nanos);
    out.number(ticks(event.received));
    out.number(static_cast<std::uint8_t>(event.level));
    out.number(event.flags);
    std::uint8_t present = 0;
    for (std::size_t i = 0; i < event_texts::parts; ++i)
        if (event.texts.get(static_cast<part>(i)))
            present = static_cast<std::uint8_t>(present | (1u << i));
    out.number(present);
    for (std::size_t i = 0; i < event_texts::parts; ++i)
        if (const auto text = event.texts.get(static_cast<part>(i))) out.text(*text);
}

void write(byte_writer& out, const quarantined_body& aside) {
    out.number(static_cast<std::uint8_t>(kind::quarantined));
    write_cluster(out, aside.from);
    out.number(ticks(aside.received));
    out.text(aside.about);
    out.text(aside.reason);
    out.text(aside.body);
}

void write(byte_writer& out, const event_tally& tally) {
    out.number(static_cast<std::uint8_t>(kind::tally));
    write_cluster(out, tally.from);
    out.number(static_cast<std::uint8_t>(tally.why));
    out.text(tally.rule);
    out.number(static_cast<std::uint8_t>(tally.level));
    out.number(ticks(tally.minute));
    out.number(tally.count);
}

/// Reads records; the clusters that follow each other under one name share it.
class record_reader {
public:
    explicit record_reader(byte_reader& in) : in_(in) {}

    ingest_record next() {
        switch (static_cast<kind>(in_.number<std::uint8_t>())) {
            case kind::event: return event();
            case kind::quarantined: return quarantined();
            case kind::tally: return tally();
        }
        in_.fail();
        return event_tally{};
    }

private:
    cluster_ref cluster() {
        const auto size = in_.number<std::uint32_t>();
        if (size == no_cluster) return nullptr;
        const auto name = in_.take(size);
        if (!last_ || last_->text != name)
            last_ = std::make_shared<const cluster_identity>(cluster_identity{std::string(name)});
        return last_;
    }
    priority level() {
        const auto level = in_.number<std::uint8_t>();
        if (level > static_cast<std::uint8_t>(priority::debug)) in_.fail();
        return static_cast<priority>(level & 7);
    }
    utc_time time() { return time_of(in_.number<std::int64_t>()); }

    falco_event event() {
        falco_event event;
        event.from = cluster();
        in_.raw(event.id.bytes.data(), event.id.bytes.size());
        event.time.seconds = in_.number<std::int64_t>();
        event.time.nanos   = in_.number<std::uint32_t>();
        if (event.time.nanos > 999'999'999) in_.fail();
        event.received     = time();
        event.level        = level();
        event.flags        = in_.number<std::uint16_t>();
        const auto present = in_.number<std::uint8_t>();
        static_assert(event_texts::parts == 8, "a bit each");
        std::string_view texts[event_texts::parts];
        std::size_t      size = 0;
        for (std::size_t i = 0; i < event_texts::parts; ++i) {
            if ((present >> i & 1) == 0) continue;
            texts[i]  = in_.text();
            size     += texts[i].size();
        }
        if (!in_.ok()) return event;
        event.texts.reserve(size);
        for (std::size_t i = 0; i < event_texts::parts; ++i)
            if ((present >> i & 1) != 0) event.texts.put(static_cast<part>(i), texts[i]);
        return event;
    }
    quarantined_body quarantined() {
        quarantined_body aside;
        aside.from     = cluster();
        aside.received = time();
        aside.about    = in_.text();
        aside.reason   = in_.text();
        aside.body     = in_.text();
        return aside;
    }
    event_tally tally() {
        event_tally tally;
        tally.from     = cluster();
        const auto why = in_.number<std::uint8_t>();
        if (why < 1 || why > static_cast<std::uint8_t>(event_tally::cause::bytes_not_kept))
            in_.fail();
        tally.why    = static_cast<event_tally::cause>(why);
        tally.rule   = in_.text();
        tally.level  = level();
        tally.minute = time();
        tally.count  = in_.number<std::uint64_t>();
        return tally;
    }

    byte_reader& in_;
    cluster_ref  last_;
};

}  // namespace

void encode_batch(const record_batch& batch, std::string& out) {
    std::size_t size = 64;
    for (const auto& record : batch.records) size += bytes_of(record) + 64;
    out.reserve(out.size() + size);
    byte_writer to(out);
    to.number(version);
    to.raw(batch.id.bytes.data(), batch.id.bytes.size());
    to.number(static_cast<std::uint32_t>(batch.records.size()));
    for (const auto& record : batch.records)
        std::visit([&to](const auto& each) { write(to, each); }, record);
}

result<record_batch> decode_batch(std::string_view bytes) {
    byte_reader in(bytes);
    if (in.number<std::uint8_t>() != version)
        return failure{errc::malformed, "not a batch of this version"};
    record_batch batch;
    batch.replayed = true;
    in.raw(batch.id.bytes.data(), batch.id.bytes.size());
    const auto count = in.number<std::uint32_t>();
    if (!in.ok() || count > in.left() / least_record)
        return failure{errc::malformed, "a batch that says it has more records than bytes"};
    batch.records.reserve(count);
    record_reader records(in);
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) batch.records.push_back(records.next());
    if (!in.ok()) return failure{errc::malformed, "a record that is cut short or no such record"};
    if (in.left() != 0) return failure{errc::malformed, "bytes after the last record"};
    return batch;
}

utc_time oldest_receipt(const record_batch& batch) noexcept {
    if (batch.records.empty()) return utc_time{};
    auto oldest = utc_time::max();
    for (const auto& record : batch.records) {
        const auto received = std::visit(
            overloaded{
                [](const falco_event& e) { return e.received; },
                [](const quarantined_body& q) { return q.received; },
                [](const event_tally& t) { return t.minute; },
            },
            record
        );
        oldest = std::min(oldest, received);
    }
    return oldest;
}

}  // namespace falconer::ingest

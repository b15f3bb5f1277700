#include "spool_record.hpp"

#include "falconer/mailbox.hpp"

#include <cstring>
#include <map>
#include <type_traits>
#include <unordered_map>

namespace falconer::ingest {
namespace {

constexpr std::uint8_t  version      = 1;
constexpr std::uint32_t absent       = 0xFFFF'FFFF;
constexpr std::size_t   most_records = 1'000'000;
constexpr std::size_t   least_record = 14;  // bytes: what no record goes below
enum kind : std::uint8_t { event = 1, aside = 2, tally = 3 };

class writer {
public:
    template <class Integer>
    void number(Integer value) {
        using bits = std::make_unsigned_t<Integer>;
        for (std::size_t i = 0; i < sizeof value; ++i)
            out_ += static_cast<char>(static_cast<bits>(value) >> (8 * i) & 0xFF);
    }
    void text(std::string_view value) {
        number(static_cast<std::uint32_t>(value.size()));
        out_ += value;
    }
    void time(utc_time value) {
        number(
            std::chrono::duration_cast<std::chrono::microseconds>(value.time_since_epoch()).count()
        );
    }
    void id(const uuid& value) {
        out_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
    }
    std::string& out() { return out_; }

private:
    std::string out_;
};

/// After the first thing that is not there everything is empty, and good() says so.
class reader {
public:
    explicit reader(std::string_view from) : rest_(from) {}

    template <class Integer>
    Integer number() {
        const auto bytes = take(sizeof(Integer));
        using bits       = std::make_unsigned_t<Integer>;
        bits value       = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i)
            value |= static_cast<bits>(
                static_cast<bits>(static_cast<unsigned char>(bytes[i])) << (8 * i)
            );
        return static_cast<Integer>(value);
    }
    std::string_view text() { return take(number<std::uint32_t>()); }
    utc_time         time() { return utc_time{std::chrono::microseconds{number<std::int64_t>()}}; }
    uuid             id() {
        uuid value;
        if (const auto bytes = take(value.bytes.size()); !bytes.empty())
            std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
        return value;
    }
    bool             good() const { return good_; }
    void             fail() { good_ = false; }
    std::size_t      left() const { return rest_.size(); }
    std::string_view take(std::size_t size) {
        if (!good_ || size > rest_.size()) {
            good_ = false;
            return {};
        }
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

private:
    std::string_view rest_;
    bool             good_ = true;
};

/// Clusters repeat: each is written once per batch.
class cluster_table {
public:
    void add(const cluster_ref& cluster) {
        const auto [at, fresh] =
            numbers_.emplace(cluster->text, static_cast<std::uint32_t>(names_.size()));
        if (fresh) names_.push_back(at->first);
    }
    std::uint32_t number(const cluster_ref& cluster) const { return numbers_.at(cluster->text); }
    const std::vector<std::string_view>& names() const { return names_; }

private:
    std::unordered_map<std::string_view, std::uint32_t> numbers_;
    std::vector<std::string_view>                       names_;
};

constexpr event_texts::part part(std::size_t i) {
    return static_cast<event_texts::part>(i);
}

void write(writer& to, const falco_event& e) {
    to.id(e.id);
    to.number(e.time.seconds);
    to.number(e.time.nanos);
    to.time(e.received);
    to.number(static_cast<std::uint8_t>(e.level));
    to.number(e.flags);
    for (std::size_t i = 0; i < event_texts::parts; ++i) {
        const auto text = e.texts.get(part(i));
        if (text)
            to.text(*text);
        else
            to.number(absent);
    }
}
void write(writer& to, const quarantined_body& q) {
    to.time(q.received);
    to.text(q.about);
    to.text(q.reason);
    to.text(q.body);
}
void write(writer& to, const event_tally& t) {
    to.number(static_cast<std::uint8_t>(t.why));
    to.text(t.rule);
    to.number(static_cast<std::uint8_t>(t.level));
    to.time(t.minute);
    to.number(t.count);
}

priority read_priority(reader& from) {
    const auto level = from.number<std::uint8_t>();
    if (level > static_cast<std::uint8_t>(priority::debug)) from.fail();
    return static_cast<priority>(level);
}

falco_event read_event(reader& from) {
    falco_event e;
    e.id           = from.id();
    e.time.seconds = from.number<std::int64_t>();
    e.time.nanos   = from.number<std::uint32_t>();
    e.received     = from.time();
    e.level        = read_priority(from);
    e.flags        = from.number<std::uint16_t>();
    for (std::size_t i = 0; i < event_texts::parts && from.good(); ++i) {
        const auto size = from.number<std::uint32_t>();
        if (size != absent) e.texts.put(part(i), from.take(size));
    }
    return e;
}
quarantined_body read_aside(reader& from) {
    quarantined_body q;
    q.received = from.time();
    q.about    = from.text();
    q.reason   = from.text();
    q.body     = from.text();
    return q;
}
event_tally read_tally(reader& from) {
    event_tally t;
    const auto  why = from.number<std::uint8_t>();
    if (why < 1 || why > 3) from.fail();
    t.why    = static_cast<event_tally::cause>(why);
    t.rule   = from.text();
    t.level  = read_priority(from);
    t.minute = from.time();
    t.count  = from.number<std::uint64_t>();
    return t;
}

ingest_record read_record(reader& from, const std::vector<cluster_ref>& clusters) {
    const auto    what   = from.number<std::uint8_t>();
    const auto    number = from.number<std::uint32_t>();
    ingest_record record;
    if (what == event)
        record = read_event(from);
    else if (what == aside)
        record = read_aside(from);
    else if (what == tally)
        record = read_tally(from);
    else
        from.fail();
    if (number >= clusters.size())
        from.fail();
    else
        std::visit([&](auto& r) { r.from = clusters[number]; }, record);
    return record;
}

}  // namespace

std::string encode_batch(const record_batch& batch) {
    writer        to;
    cluster_table clusters;
    std::size_t   size = 64;
    for (const auto& record : batch.records) {
        clusters.add(sender_of(record));
        size += bytes_of(record);
    }
    to.out().reserve(size);
    to.number(version);
    to.id(batch.id);
    to.number(static_cast<std::uint32_t>(clusters.names().size()));
    for (const auto name : clusters.names()) to.text(name);
    to.number(static_cast<std::uint32_t>(batch.records.size()));
    for (const auto& record : batch.records) {
        to.number(static_cast<std::uint8_t>(record.index() + 1));
        to.number(clusters.number(sender_of(record)));
        std::visit([&](const auto& r) { write(to, r); }, record);
    }
    return std::move(to.out());
}

result<record_batch> decode_batch(std::string_view bytes) {
    const auto   no = [] { return failure{errc::malformed, "no batch of records"}; };
    reader       from(bytes);
    record_batch batch;
    if (from.number<std::uint8_t>() != version) return no();
    batch.id                 = from.id();
    batch.replayed           = true;
    const auto cluster_count = from.number<std::uint32_t>();
    if (cluster_count > from.left()) return no();  // memory follows what is there, not what is said
    std::vector<cluster_ref> clusters;
    for (std::uint32_t i = 0; i < cluster_count && from.good(); ++i)
        clusters.push_back(
            std::make_shared<const cluster_identity>(cluster_identity{std::string(from.text())})
        );
    const auto records = from.number<std::uint32_t>();
    if (!from.good() || records > most_records || records > from.left() / least_record + 1)
        return no();
    batch.records.reserve(records);
    for (std::uint32_t i = 0; i < records && from.good(); ++i)
        batch.records.push_back(read_record(from, clusters));
    if (!from.good() || from.left() > 0) return no();
    return batch;
}

}  // namespace falconer::ingest

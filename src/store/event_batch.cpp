#include "event_batch.hpp"

#include "pg_array.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using part = event_texts::part;

struct repeated_text {
    part      which;
    text_kind kind;
};
constexpr std::array repeated = {
    repeated_text{part::source, text_kind::source},
    repeated_text{part::hostname, text_kind::hostname}, repeated_text{part::tags, text_kind::tags}
};

struct once_key {
    uuid               id;
    const std::string* cluster;
    friend bool        operator==(const once_key& a, const once_key& b) {
        return a.id == b.id && *a.cluster == *b.cluster;
    }
};
struct once_hash {
    std::size_t operator()(const once_key& k) const { return std::hash<uuid>{}(k.id); }
};

/// How far a cluster's clock may be ahead without a repetition across midnight going unnoticed.
constexpr auto clock_ahead = 1h;
/// An event that claims to be younger than its receipt by more than this is not believed.
constexpr auto clock_noise = 5min;

/// With standard_conforming_strings, which is asked for at connect, only the quote is special.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out += '\'';
}

std::string hex(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string           out      = "'\\x";
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out += '\'';
}

std::string instant(utc_time t) {
    return quoted(text_of(event_time_of(t))) + "::timestamptz";
}

}  // namespace

event_batch::event_batch(const record_batch& batch, dictionary& words, receipt_window allowed)
    : batch_(batch), words_(words), allowed_(allowed), may_be_elsewhere_(batch.replayed) {
    std::unordered_set<once_key, once_hash> seen;
    for (std::size_t i = 0; i < batch_.records.size(); ++i) {
        const auto& record = batch_.records[i];
        if (const auto* event = std::get_if<falco_event>(&record)) {
            const bool fresh = seen.insert({event->id, &event->from->text}).second;
            verdicts_.push_back(fresh ? stored_as::committed : stored_as::duplicate);
            if (!fresh) continue;
            fresh_.push_back(i);
            days_.insert(std::chrono::floor<std::chrono::days>(receipt_of(event->received)));
            if (!made_on_its_day(*event)) may_be_elsewhere_ = true;
        } else {
            const bool aside = std::holds_alternative<quarantined_body>(record);
            verdicts_.push_back(aside ? stored_as::quarantined : stored_as::counted);
        }
    }
    // Two batches with the same events wait for one another in this order, never in a circle.
    std::ranges::sort(fresh_, {}, [&](std::size_t i) {
        return std::get<falco_event>(batch_.records[i]).id;
    });
}

utc_time event_batch::receipt_of(utc_time said) const {
    return std::clamp(said, allowed_.oldest, allowed_.newest);
}

/// Then no repetition of it can have come on an earlier day.
bool event_batch::made_on_its_day(const falco_event& event) const {
    const auto received = receipt_of(event.received);
    const auto midnight = std::chrono::floor<std::chrono::days>(received);
    return event.time >= event_time_of(midnight + clock_ahead) &&
           event.time <= event_time_of(received + clock_noise);
}

wanted_texts event_batch::wanted() const {
    wanted_texts all;
    const auto   want = [&](text_kind kind, std::string_view value) {
        if (!words_.find(kind, value)) all.emplace(kind, value);
    };
    for (const auto& record : batch_.records) {
        want(text_kind::cluster, sender_of(record)->text);
        if (const auto* tally = std::get_if<event_tally>(&record)) {
            if (!tally->rule.empty()) want(text_kind::rule, tally->rule);
        }
        const auto* event = std::get_if<falco_event>(&record);
        if (!event) continue;
        want(text_kind::rule, event->texts.get_or_empty(part::rule));
        for (const auto& each : repeated) {
            if (const auto value = event->texts.get(each.which)) want(each.kind, *value);
        }
    }
    return all;
}

std::int32_t event_batch::number(text_kind kind, std::string_view value) const {
    return words_.find(kind, value).value();
}

std::string event_batch::script(bool ask) const {
    std::string sql;
    for (const auto& record : batch_.records)
        if (const auto* body = std::get_if<quarantined_body>(&record)) append_aside(sql, *body);
    append_tallies(sql);
    if (!has_events()) return sql;
    if (ask) append_question(sql);
    return sql +=
           "COPY falconer.event (received, time, id, cluster, rule, source, hostname, tags, "
           "priority, flags, time_nanos, output, output_fields, extra) FROM STDIN (FORMAT binary)";
}

/// A day to either side: a repetition may come 24 hours later, and a spooled original 24 hours
/// late.
void event_batch::append_question(std::string& sql) const {
    pg_array ids, clusters;
    for (const auto i : fresh_) {
        const auto& event = std::get<falco_event>(batch_.records[i]);
        ids.add(event.id.text());
        clusters.add(std::to_string(number(text_kind::cluster, event.from->text)));
    }
    const utc_time since = *days_.begin() - std::chrono::days{1};
    const utc_time till  = *days_.rbegin() + std::chrono::days{2};
    sql += "SELECT n - 1 FROM unnest('" + ids.text() + "'::uuid[], '" + clusters.text() +
           "'::int4[]) WITH ORDINALITY AS w (id, cluster, n) WHERE EXISTS (SELECT FROM "
           "falconer.event e WHERE e.id = w.id AND e.cluster = w.cluster AND e.received >= " +
           instant(since) + " AND e.received < " + instant(till) + ");\n";
}

void event_batch::append_aside(std::string& sql, const quarantined_body& body) const {
    const auto bytes = hex(body.body);
    sql +=
        "INSERT INTO falconer.quarantine (received, cluster, about, reason, digest, body) VALUES "
        "(" +
        instant(receipt_of(body.received)) + ", " +
        std::to_string(number(text_kind::cluster, body.from->text)) + ", " + quoted(body.about) +
        ", " + quoted(body.reason) + ", sha256(" + bytes + "::bytea), " + bytes +
        ") ON CONFLICT DO NOTHING;\n";
}

/// One statement: the tallies are added only where the batch's id was new to the store.
void event_batch::append_tallies(std::string& sql) const {
    std::string rows;
    for (const auto& record : batch_.records) {
        const auto* tally = std::get_if<event_tally>(&record);
        if (!tally) continue;
        if (!rows.empty()) rows += ", ";
        rows +=
            '(' + instant(receipt_of(tally->minute)) + ", " +
            std::to_string(number(text_kind::cluster, tally->from->text)) + ", " +
            (tally->rule.empty() ? "NULL" : std::to_string(number(text_kind::rule, tally->rule))) +
            "::int4, " + std::to_string(static_cast<int>(tally->why)) + ", " +
            std::to_string(static_cast<int>(tally->level)) + ", " + std::to_string(tally->count) +
            "::int8)";
    }
    if (rows.empty()) return;
    sql += "WITH once AS (INSERT INTO falconer.applied_batch (id) VALUES (" +
           quoted(batch_.id.text()) +
           ") ON CONFLICT DO NOTHING RETURNING id) INSERT INTO falconer.tally AS had "
           "(minute, cluster, rule, cause, priority, count) SELECT minute, cluster, rule, cause, "
           "priority, sum(count) FROM (VALUES " +
           rows +
           ") AS t (minute, cluster, rule, cause, priority, count) WHERE EXISTS "
           "(SELECT FROM once) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5 ON CONFLICT (minute, "
           "cluster, coalesce(rule, 0), cause, priority) DO UPDATE SET count = had.count + "
           "excluded.count;\n";
}

std::string_view event_batch::rows(pg_copy& copy, const std::vector<std::size_t>& here) {
    for (const auto each : here) verdicts_[fresh_[each]] = stored_as::duplicate;
    copy.begin();
    for (const auto i : fresh_) {
        if (verdicts_[i] == stored_as::committed)
            append_row(copy, std::get<falco_event>(batch_.records[i]));
    }
    return copy.end();
}

void event_batch::append_row(pg_copy& copy, const falco_event& event) const {
    const auto& texts = event.texts;
    copy.row(14);
    copy.timestamp(receipt_of(event.received));
    copy.microseconds(event.time.seconds * 1'000'000 + event.time.nanos / 1000);
    copy.bytes(event.id.bytes);
    copy.int4(number(text_kind::cluster, event.from->text));
    copy.int4(number(text_kind::rule, texts.get_or_empty(part::rule)));
    for (const auto& each : repeated) {
        const auto value = texts.get(each.which);
        if (value)
            copy.int4(number(each.kind, *value));
        else
            copy.null();
    }
    copy.int2(static_cast<std::int16_t>(event.level));
    copy.int2(static_cast<std::int16_t>(event.flags));
    copy.int2(static_cast<std::int16_t>(event.time.nanos % 1000));
    if (const auto output = texts.get(part::output))
        copy.text(*output);
    else
        copy.null();
    copy.json(texts.get(part::output_fields).value_or("{}"));
    if (const auto extra = texts.get(part::extra))
        copy.json(*extra);
    else
        copy.null();
}

}  // namespace falconer::store

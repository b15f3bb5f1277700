#include "event_batch.hpp"

#include "long_texts.hpp"
#include "pg_array.hpp"
#include "pg_bytes.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

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

/// Too long for the dictionary.
bool stays_with_event(part which, std::string_view text) {
    if (which == part::source) return is_long_source(text);
    return which == part::tags && are_long_tags(text);
}
bool has_long_texts(const falco_event& event) {
    return std::ranges::any_of(repeated, [&](const auto& each) {
        return stays_with_event(each.which, event.texts.get_or_empty(each.which));
    });
}

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

/// To the microsecond below, as in a row of COPY: PostgreSQL would round a text to the nearest.
std::string instant(utc_time t) {
    t = std::chrono::floor<std::chrono::microseconds>(t);
    return quoted(text_of(event_time_of(t))) + "::timestamptz";
}

std::string array_of(const std::set<std::chrono::sys_days>& days) {
    pg_array all;
    for (const auto day : days) all.add(text_of(event_time_of(day)).substr(0, 10));
    return quoted(all.text());
}

}  // namespace

event_batch::event_batch(const record_batch& batch, dictionary& words, receipt_window allowed)
    : batch_(batch), words_(words), allowed_(allowed) {
    verdicts_.reserve(batch_.records.size());
    for (std::size_t i = 0; i < batch_.records.size(); ++i) {
        const auto& record = batch_.records[i];
        if (std::holds_alternative<falco_event>(record)) {
            fresh_.push_back(i);
            verdicts_.push_back(stored_as::committed);
        } else {
            const bool aside = std::holds_alternative<quarantined_body>(record);
            verdicts_.push_back(aside ? stored_as::quarantined : stored_as::counted);
        }
    }
    // Two batches with the same events wait for one another in this order, never in a circle.
    const auto place = [&](std::size_t i) {
        const auto& event = std::get<falco_event>(batch_.records[i]);
        return std::tuple<const uuid&, const std::string&, std::size_t>(
            event.id, event.from->text, i
        );
    };
    std::ranges::sort(fresh_, [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
    leave_out_repetitions();
    for (std::size_t which = 0; which < fresh_.size(); ++which) {
        days_.insert(std::chrono::floor<std::chrono::days>(receipt_of(fresh(which).received)));
        if (has_long_texts(fresh(which))) long_texts_ = true;
    }
    numbers_.resize(fresh_.size());
}

/// Those within the batch: they stand behind the first of their kind.
void event_batch::leave_out_repetitions() {
    const auto same = [&](std::size_t a, std::size_t b) {
        const auto &one   = std::get<falco_event>(batch_.records[a]),
                   &other = std::get<falco_event>(batch_.records[b]);
        return one.id == other.id && one.from->text == other.from->text;
    };
    std::size_t kept = 0;
    for (const auto each : fresh_) {
        if (kept > 0 && same(fresh_[kept - 1], each))
            verdicts_[each] = stored_as::duplicate;
        else
            fresh_[kept++] = each;
    }
    fresh_.resize(kept);
}

const falco_event& event_batch::fresh(std::size_t which) const {
    return std::get<falco_event>(batch_.records[fresh_[which]]);
}

utc_time event_batch::receipt_of(utc_time said) const {
    return std::clamp(said, allowed_.oldest, allowed_.newest);
}

/// Of what was made on the day it came no repetition can have come on an earlier one.
bool event_batch::may_be_elsewhere(const falco_event& event) const {
    if (batch_.replayed) return true;
    const auto received = receipt_of(event.received);
    const auto midnight = std::chrono::floor<std::chrono::days>(received);
    return event.time < event_time_of(midnight + clock_ahead) ||
           event.time > event_time_of(received + clock_noise);
}

wanted_texts event_batch::wanted() {
    wanted_texts all;
    const auto   want = [&](text_kind kind, std::string_view value) {
        const auto known = words_.find(kind, value);
        if (!known) all.emplace(kind, value);
        return known.value_or(0);
    };
    for (const auto& record : batch_.records) {
        if (std::holds_alternative<falco_event>(record)) continue;
        want(text_kind::cluster, sender_of(record)->text);
        const auto* tally = std::get_if<event_tally>(&record);
        if (tally && !tally->rule.empty()) want(text_kind::rule, tally->rule);
    }
    for_each_text(want);
    return all;
}

/// The texts of the fresh events that have numbers, which `number` finds; those it has found
/// already are not asked for again.
template <class Number>
void event_batch::for_each_text(Number&& number) {
    for (std::size_t which = 0; which < fresh_.size(); ++which) {
        const auto& event = fresh(which);
        auto&       known = numbers_[which];
        const auto  find  = [&](std::int32_t& into, text_kind kind, std::string_view value) {
            if (into == 0) into = number(kind, value);
        };
        find(known.cluster, text_kind::cluster, event.from->text);
        find(known.rule, text_kind::rule, event.texts.get_or_empty(part::rule));
        for (std::size_t i = 0; i < repeated.size(); ++i)
            if (const auto value = event.texts.get(repeated[i].which);
                value && !(long_texts_ && stays_with_event(repeated[i].which, *value)))
                find(known.repeated[i], repeated[i].kind, *value);
    }
}

std::int32_t event_batch::number(text_kind kind, std::string_view value) const {
    return words_.find(kind, value).value();
}

event_place event_batch::place_of(std::size_t which) const {
    const auto& event  = fresh(which);
    const auto  minute = std::chrono::floor<std::chrono::minutes>(receipt_of(event.received));
    return {
        .minute  = static_cast<std::int32_t>(minute.time_since_epoch().count()),
        .cluster = numbers_[which].cluster,
        .rule    = numbers_[which].rule,
        .level   = static_cast<std::int16_t>(event.level),
    };
}

std::string event_batch::script(ask_about whom) {
    std::string sql;
    for (const auto& record : batch_.records)
        if (const auto* body = std::get_if<quarantined_body>(&record)) append_aside(sql, *body);
    append_tallies(sql);
    // Of nothing at all: whether there is a server that lets us write.
    if (batch_.records.empty()) sql = "UPDATE falconer.tally SET count = count WHERE false";
    if (!has_events()) return sql;
    for_each_text([this](text_kind kind, std::string_view value) { return number(kind, value); });
    asked_.clear();
    for (std::size_t which = 0; which < fresh_.size(); ++which) {
        if (fresh(which).has(event_flag::replaced_characters)) append_raw(sql, which);
        if (whom == ask_about::all || may_be_elsewhere(fresh(which))) asked_.push_back(which);
    }
    if (asked_.empty())
        append_counts(sql);
    else
        append_question(sql);
    return sql +=
           "COPY falconer.event (received, time, id, cluster, rule, source, hostname, tags, "
           "priority, flags, time_nanos, output, output_fields, extra, batch" +
           std::string(long_texts_ ? ", long_source, long_tags" : "") +
           ") FROM STDIN (FORMAT binary)";
}

/// Nothing will be left out: what is counted is known.
void event_batch::append_counts(std::string& sql) const {
    std::vector<event_place> places;
    places.reserve(fresh_.size());
    for (std::size_t which = 0; which < fresh_.size(); ++which) places.push_back(place_of(which));
    sql += "EXECUTE falconer_batch (" + array_of(days_) + ", " + columns_of_counts(places) + ");\n";
}

/// Whose end is clear comes no more.
void event_batch::append_forgotten(std::string& sql) const {
    if (batch_.done.empty()) return;
    pg_array ids;
    for (const auto& each : batch_.done) ids.add(each.text());
    sql += "DELETE FROM falconer.applied_batch WHERE id = ANY ('" + ids.text() + "'::uuid[]);\n";
}

/// A repetition may come 24 hours later, and a spooled original 24 hours late: a day to either
/// side.
utc_time event_batch::oldest_twin() const {
    return *days_.begin() - std::chrono::days{1};
}
utc_time event_batch::youngest_twin() const {
    return *days_.rbegin() + std::chrono::days{2};
}

/// Those that nobody asks about are counted whatever the answer is.
std::string event_batch::counts_of_the_others() const {
    std::vector<event_place> places;
    auto                     next = asked_.begin();
    for (std::size_t which = 0; which < fresh_.size(); ++which) {
        if (next != asked_.end() && *next == which)
            ++next;
        else
            places.push_back(place_of(which));
    }
    return rows_of_counts(places);
}

/// One look-up by index each, whatever the planner thinks: LIMIT keeps it from hashing. What is not
/// here is counted in the same statement, before anybody here knows.
void event_batch::append_question(std::string& sql) const {
    pg_array ids, clusters, minutes, rules, levels;
    for (const auto which : asked_) {
        const auto place = place_of(which);
        ids.add(fresh(which).id.text());
        clusters.add(place.cluster);
        minutes.add(place.minute);
        rules.add(place.rule);
        levels.add(place.level);
    }
    sql += "WITH asked AS MATERIALIZED (SELECT w.*, coalesce(h.here, false) AS here FROM unnest('" +
           ids.text() + "'::uuid[], '" + clusters.text() + "'::int4[], '" + minutes.text() +
           "'::int4[], '" + rules.text() + "'::int4[], '" + levels.text() +
           "'::int2[]) WITH ORDINALITY AS w (id, cluster, minute, rule, priority, n) LEFT JOIN "
           "LATERAL (SELECT true AS here FROM falconer.event e WHERE e.id = w.id AND e.cluster = "
           "w.cluster AND e.received >= " +
           instant(oldest_twin()) + " AND e.received < " + instant(youngest_twin()) +
           " LIMIT 1) h ON true), counted AS (SELECT minute, cluster, rule, priority, "
           "sum(events)::int4 AS events FROM (SELECT minute, cluster, rule, priority, 1 AS events "
           "FROM asked WHERE NOT here";
    if (asked_.size() < fresh_.size()) sql += " UNION ALL SELECT * FROM " + counts_of_the_others();
    sql +=
        ") AS p GROUP BY 1, 2, 3, 4), added AS ("
        "INSERT INTO falconer.batch (days, minutes, clusters, rules, priorities, counts) SELECT " +
        array_of(days_) +
        ", coalesce(array_agg(minute), '{}'), coalesce(array_agg(cluster), '{}'), "
        "coalesce(array_agg(rule), '{}'), coalesce(array_agg(priority), '{}'), "
        "coalesce(array_agg(events), '{}') FROM counted RETURNING seq) "
        "SELECT seq, NULL::int8 FROM added UNION ALL SELECT NULL, n - 1 FROM asked WHERE here;\n";
}

void event_batch::append_aside(std::string& sql, const quarantined_body& body) const {
    const auto bytes = hex_literal(body.body);
    sql +=
        "INSERT INTO falconer.quarantine (received, cluster, about, reason, digest, body) VALUES "
        "(" +
        instant(receipt_of(body.received)) + ", " +
        std::to_string(number(text_kind::cluster, body.from->text)) + ", " + quoted(body.about) +
        ", " + quoted(body.reason) + ", sha256(" + bytes + "::bytea), " + bytes +
        ") ON CONFLICT DO NOTHING;\n";
}

/// Of an event that is here already the bytes are, too.
void event_batch::append_raw(std::string& sql, std::size_t which) const {
    const auto& event = fresh(which);
    const auto  body  = event.texts.get(part::raw);
    if (!body) return;
    const auto id      = quoted(event.id.text()) + "::uuid";
    const auto cluster = std::to_string(numbers_[which].cluster);
    sql += "INSERT INTO falconer.raw (id, cluster, received, body) SELECT " + id + ", " + cluster +
           ", " + instant(receipt_of(event.received)) + ", " + hex_literal(*body) +
           "::bytea WHERE NOT EXISTS (SELECT FROM falconer.event e WHERE e.id = " + id +
           " AND e.cluster = " + cluster + " AND e.received >= " + instant(oldest_twin()) +
           " AND e.received < " + instant(youngest_twin()) + ") ON CONFLICT DO NOTHING;\n";
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
    append_forgotten(sql);
}

void event_batch::prepare_rows(pg_copy& copy) {
    prepared_ = asked_.empty();
    if (prepared_) append_rows(copy);
}

std::string_view event_batch::rows(pg_copy& copy, const store_answer& known) {
    for (const auto each : known.here) verdicts_[fresh_[asked_[each]]] = stored_as::duplicate;
    if (!std::exchange(prepared_, false)) append_rows(copy);
    copy.put_in(known.batch);
    return copy.end();
}

void event_batch::append_rows(pg_copy& copy) const {
    copy.begin();
    for (std::size_t which = 0; which < fresh_.size(); ++which)
        if (verdicts_[fresh_[which]] == stored_as::committed)
            append_row(copy, fresh(which), numbers_[which]);
}

void event_batch::append_row(pg_copy& copy, const falco_event& event, const numbers& known) const {
    const auto& texts = event.texts;
    copy.row(long_texts_ ? 17 : 15);
    copy.timestamp(receipt_of(event.received));
    copy.microseconds(event.time.seconds * 1'000'000 + event.time.nanos / 1000);
    copy.bytes(event.id.bytes);
    copy.int4(known.cluster);
    copy.int4(known.rule);
    for (const auto number : known.repeated) {
        if (number != 0)
            copy.int4(number);
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
    copy.object(
        texts.get(part::output_fields).value_or("{}"), static_cast<std::uint32_t>(known.rule)
    );
    if (const auto extra = texts.get(part::extra))
        copy.json(*extra);
    else
        copy.null();
    copy.int8_to_come();
    if (!long_texts_) return;
    for (const auto which : {part::source, part::tags}) {
        const auto value = texts.get(which);
        if (value && stays_with_event(which, *value))
            copy.text(*value);
        else
            copy.null();
    }
}

}  // namespace falconer::store

#include "filter_sql.hpp"

#include <algorithm>
#include <array>

namespace falconer::store {
namespace {

using filter::field;
using filter::field_kind;
using filter::text_pattern;

/// The collation "C" knows case of ASCII letters only, as filter::lowered() does.
std::string lower(const std::string& text) {
    return "lower(" + text + " COLLATE \"C\")";
}

std::string fits(const std::string& text, const text_pattern& what, statement& into) {
    const auto place = into.value(what.text);
    switch (what.how) {
        case text_pattern::kind::equal: return lower(text) + " = " + place;
        case text_pattern::kind::like: return lower(text) + " LIKE " + place;
        case text_pattern::kind::contains: break;
    }
    return "strpos(" + lower(text) + ", " + place + ") > 0";
}

constexpr const char* scalars = "('string', 'number', 'boolean')";

/// Of items of a JSON array: is there one whose text is such? `test` is of `x.item #>> '{}'`.
std::string any_item(const std::string& array, const std::string& test) {
    return "EXISTS (SELECT FROM jsonb_array_elements(" + array +
           ") AS x (item) WHERE jsonb_typeof(x.item) IN " + scalars + " AND " + test + ")";
}

/// Of an output field. `test` makes the condition of a text.
template <class Test>
std::string field_has(const std::string& name, statement& into, const Test& test) {
    const auto key  = into.value(name) + "::text";
    const auto is   = "e.output_fields -> " + key;
    const auto type = "jsonb_typeof(" + is + ")";
    // A CASE, because otherwise PostgreSQL may look at the items of what is no array.
    return "CASE WHEN " + type + " IN " + scalars + " THEN " +
           test("(e.output_fields ->> " + key + ")") + " WHEN " + type + " = 'array' THEN " +
           any_item(is, test("(x.item #>> '{}')")) + " ELSE false END";
}

/// Texts of the dictionary that are such, as numbers. Tags are lists in it.
std::string texts(int kind, const text_pattern& what, statement& into) {
    statement   ask;
    std::string sql =
        "SELECT t.id FROM falconer.text t WHERE t.kind = " + std::to_string(kind) + " AND ";
    sql += kind == 4 ? any_item("t.value::jsonb", fits("(x.item #>> '{}')", what, ask))
                     : fits("t.value", what, ask);
    return into.numbers(std::move(sql), std::move(ask));
}

std::string clusters(const std::string& condition, statement&& ask, statement& into) {
    return "e.cluster = ANY (" +
           into.numbers("SELECT c.id FROM falconer.cluster c WHERE " + condition, std::move(ask)) +
           ")";
}

constexpr int of_rule = 1, of_source = 2, of_hostname = 3, of_tags = 4;

std::string workload() {
    return "regexp_replace(e.output_fields ->> 'k8s.pod.name', '" +
           std::string(filter::workload_suffix) + "', '')";
}

std::string text_condition(const field& where, const text_pattern& what, statement& into) {
    const auto of_cluster = [&](const auto&... columns) {
        statement   ask;
        std::string any;
        ((any += (any.empty() ? "" : " OR ") + fits(columns, what, ask)), ...);
        return clusters(any, std::move(ask), into);
    };
    const std::string s = "coalesce(", f = ", false)";
    switch (where.which) {
        case field_kind::rule: return "e.rule = ANY (" + texts(of_rule, what, into) + ")";
        case field_kind::cluster:
            return of_cluster(
                std::string("c.identity"), std::string("(c.project || '/' || c.name)")
            );
        case field_kind::project: return of_cluster(std::string("c.project"));
        case field_kind::shoot: return of_cluster(std::string("c.name"));
        case field_kind::landscape: return of_cluster(std::string("c.landscape"));
        case field_kind::host:
            return s + "e.hostname = ANY (" + texts(of_hostname, what, into) + ")" + f;
        case field_kind::source:
            return s + "e.source = ANY (" + texts(of_source, what, into) + ")" + f + " OR " + s +
                   fits("e.long_source", what, into) + f;
        case field_kind::tag:
            return s + "e.tags = ANY (" + texts(of_tags, what, into) + ")" + f + " OR " +
                   any_item("e.long_tags::jsonb", fits("(x.item #>> '{}')", what, into));
        case field_kind::output: return s + fits("e.output", what, into) + f;
        case field_kind::workload:
            return "CASE WHEN jsonb_typeof(e.output_fields -> 'k8s.pod.name') = 'string' THEN " +
                   fits(workload(), what, into) + " ELSE false END";
        default: break;
    }
    return field_has(where.name, into, [&](const std::string& text) {
        return fits(text, what, into);
    });
}

/// A text without what JSON would write in another way is in an object's text if it is in a value.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20;
    });
}

std::string word_condition(const text_pattern& what, statement& into) {
    statement ask;
    auto      found = "SELECT t.id FROM falconer.text t WHERE CASE t.kind WHEN 4 THEN " +
                 any_item("t.value::jsonb", fits("(x.item #>> '{}')", what, ask)) + " ELSE " +
                 fits("t.value", what, ask) + " END";
    const auto ids = into.numbers(std::move(found), std::move(ask));
    statement  of_clusters;
    const auto identity = fits("c.identity", what, of_clusters);

    std::string sql = "coalesce(" + fits("e.output", what, into) + ", false)";
    for (const auto* column : {"e.rule", "e.hostname", "e.source", "e.tags"})
        sql += std::string(" OR coalesce(") + column + " = ANY (" + ids + "), false)";
    sql += " OR " + clusters(identity, std::move(of_clusters), into);
    sql += " OR coalesce(" + fits("e.long_source", what, into) + ", false)";
    sql += " OR " + any_item("e.long_tags::jsonb", fits("(x.item #>> '{}')", what, into)) + " OR (";
    // Most events are passed over without being taken apart.
    if (what.how == text_pattern::kind::contains && is_plain(what.text))
        sql += fits("e.output_fields::text", what, into) + " AND ";
    sql +=
        "EXISTS (SELECT FROM jsonb_path_query(e.output_fields, '$.*[*]') AS x (item) WHERE "
        "jsonb_typeof(x.item) IN " +
        std::string(scalars) + " AND " + fits("(x.item #>> '{}')", what, into) + "))";
    return sql;
}

std::string present_condition(const field& where, statement& into) {
    switch (where.which) {
        case field_kind::rule:
        case field_kind::cluster: return "true";
        case field_kind::project: return clusters("c.project IS NOT NULL", {}, into);
        case field_kind::shoot: return clusters("c.name IS NOT NULL", {}, into);
        case field_kind::landscape: return clusters("c.landscape IS NOT NULL", {}, into);
        case field_kind::host: return "e.hostname IS NOT NULL";
        case field_kind::source: return "coalesce(e.source::text, e.long_source) IS NOT NULL";
        case field_kind::output: return "e.output IS NOT NULL";
        case field_kind::tag: return text_condition(where, {text_pattern::kind::like, "%"}, into);
        case field_kind::workload:
            return "coalesce(jsonb_typeof(e.output_fields -> 'k8s.pod.name') = 'string', false)";
        default: break;
    }
    return "coalesce(jsonb_typeof(e.output_fields -> " + into.value(where.name) +
           "::text) <> 'null', false)";
}

std::string number_condition(const filter::number_test& what, statement& into) {
    return field_has(what.name, into, [&](const std::string& text) {
        std::string all;
        const auto  add = [&](const auto& bound, const char* open, const char* closed) {
            if (!bound) return;
            all += " AND " + text + "::numeric " + (bound->included ? closed : open) + " " +
                   into.value(bound->decimal) + "::numeric";
        };
        add(what.from, ">", ">=");
        add(what.to, "<", "<=");
        return "CASE WHEN " + text + " ~ '^-?[0-9]{1,80}([.][0-9]{1,80})?$' THEN true" + all +
               " ELSE false END";
    });
}

constexpr std::int64_t end_of_time = 253'402'300'800;  // seconds; the year 10000

std::string time_text(event_time t) {
    if (t.seconds >= end_of_time) return "infinity";
    return text_of(event_time{t.seconds, t.nanos / 1000 * 1000});
}

/// Receipts have microseconds: from 0.5 µs on means from 1 µs on.
event_time whole_micros_above(event_time t) {
    const auto nanos = (t.nanos + 999) / 1000 * 1000;
    return nanos < 1'000'000'000 ? event_time{t.seconds, nanos} : event_time{t.seconds + 1, 0};
}

std::string time_condition(const filter::time_test& what, statement& into) {
    std::string all = "true";
    const auto  add = [&](const std::optional<event_time>& t, const char* sign) {
        if (!t) return;
        if (what.of_receipt) {
            all += std::string(" AND e.received ") + sign + " " +
                   into.value(time_text(whole_micros_above(*t))) + "::timestamptz";
            return;
        }
        const auto micros  = into.value(time_text(*t)) + "::timestamptz, ";
        all               += std::string(" AND (e.time, e.time_nanos) ") + sign + " (" + micros +
               std::to_string(t->nanos % 1000) + "::int2)";
    };
    add(what.from, ">=");
    add(what.before, "<");
    return all;
}

struct writer {
    statement& into;

    std::string of(const filter::node& what) { return '(' + std::visit(*this, what.is) + ')'; }

    std::string joined(
        const std::vector<filter::node_ptr>& all, const char* with, const char* none
    ) {
        std::string sql;
        for (const auto& each : all) sql += (sql.empty() ? "" : with) + of(*each);
        return sql.empty() ? none : sql;
    }
    std::string operator()(const filter::all_of& all) { return joined(all.of, " AND ", "true"); }
    std::string operator()(const filter::any_of& any) { return joined(any.of, " OR ", "false"); }
    std::string operator()(const filter::none_of& none) { return "NOT " + of(*none.of); }
    std::string operator()(const filter::word_test& word) {
        return word_condition(word.what, into);
    }
    std::string operator()(const filter::text_test& test) {
        return text_condition(test.where, test.what, into);
    }
    std::string operator()(const filter::present_test& test) {
        return present_condition(test.where, into);
    }
    std::string operator()(const filter::number_test& test) { return number_condition(test, into); }
    std::string operator()(const filter::priority_test& test) {
        std::string any;
        for (int level = 0; level < 8; ++level)
            if ((test.any >> level & 1) != 0)
                any += (any.empty() ? "" : ", ") + std::to_string(level);
        return any.empty() ? "false" : "e.priority IN (" + any + ")";
    }
    std::string operator()(const filter::flag_test& test) {
        return "e.flags & " + std::to_string(test.any) + " <> 0";
    }
    std::string operator()(const filter::uuid_test& test) {
        return "e.id = " + into.value(test.is.text()) + "::uuid";
    }
    std::string operator()(const filter::time_test& test) { return time_condition(test, into); }
};

utc_time utc_of(event_time t) {
    // utc_time ends in 2262; what is beyond is beyond everything that was received.
    constexpr std::int64_t most = 9'000'000'000;
    return utc_time{std::chrono::seconds{std::min(t.seconds, most)}} +
           std::chrono::nanoseconds{t.nanos};
}

void narrow(receipt_span& span, const filter::time_test& test) {
    if (!test.of_receipt) return;
    if (test.from)
        span.since = std::max(span.since.value_or(utc_of(*test.from)), utc_of(*test.from));
    if (test.before)
        span.until = std::min(span.until.value_or(utc_of(*test.before)), utc_of(*test.before));
}

}  // namespace

std::string condition_of(const filter::node& what, statement& into) {
    return writer{into}.of(what);
}

std::string condition_of(const readable_clusters& who, const std::string& alias, statement& into) {
    if (who.everything) return "true";
    statement   ask;
    std::string any;
    for (const auto& project : who.projects) {
        const auto begun = who.begun.find(project);
        const auto name  = ask.value(project);
        const auto since = begun == who.begun.end() ? "-infinity" : instant_text(begun->second);
        any +=
            (any.empty() ? "(" : ", (") + name + "::text, " + ask.value(since) + "::timestamptz)";
    }
    if (any.empty()) return "false";
    std::string of_them = "SELECT c.id FROM falconer.cluster c JOIN (VALUES " + any +
                          ") p (name, begun) ON c.project = p.name AND c.first_seen >= p.begun";
    if (!who.landscape.empty()) of_them += " WHERE c.landscape = " + ask.value(who.landscape);
    const auto ids = into.numbers(std::move(of_them), std::move(ask));
    return alias + ".cluster = ANY (" + ids + ")";
}

receipt_span span_of(const filter::node& what) {
    receipt_span span;
    if (const auto* test = std::get_if<filter::time_test>(&what.is)) narrow(span, *test);
    if (const auto* all = std::get_if<filter::all_of>(&what.is))
        for (const auto& each : all->of) {
            const auto inner = span_of(*each);
            if (inner.since) span.since = std::max(span.since.value_or(*inner.since), *inner.since);
            if (inner.until) span.until = std::min(span.until.value_or(*inner.until), *inner.until);
        }
    return span;
}

std::string instant_text(utc_time t) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::microseconds>(t)));
}

}  // namespace falconer::store

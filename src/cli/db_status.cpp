#include "db_status.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <charconv>
#include <iostream>
#include <string>
#include <vector>

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;

struct day_count {
    std::string  day{};  // 2026-11-23
    std::int64_t events    = 0;
    bool         estimated = false;
};
struct cluster_row {
    std::string  identity{};
    std::int64_t events = 0;  // in the last 24 h
    std::string  last_seen{};
};
struct store_status {
    int                      schema = 0;
    std::int64_t             bytes = 0, clusters = 0, texts = 0, quarantined = 0;
    std::int64_t             counted = 0, refused_tokens = 0;
    std::vector<day_count>   days{};
    std::vector<cluster_row> loudest{};
};

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

constexpr auto figures = R"(
SELECT (SELECT max(version) FROM falconer.schema_version), pg_database_size(current_database()),
       (SELECT count(*) FROM falconer.cluster), (SELECT count(*) FROM falconer.text),
       (SELECT count(*) FROM falconer.quarantine WHERE replayed IS NULL), (SELECT coalesce(sum(count), 0) FROM falconer.tally WHERE cause <> 3),
       (SELECT coalesce(sum(count), 0) FROM falconer.tally WHERE cause = 3))";

// to_char of the partition's own bounds would have to be parsed; its name says the same.
constexpr auto partitions = R"(
SELECT to_char(to_date(substr(c.relname, 7), 'YYYYMMDD'), 'YYYY-MM-DD'), c.reltuples::int8,
       to_date(substr(c.relname, 7), 'YYYYMMDD') >= (now() AT TIME ZONE 'UTC')::date - 1
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$' ORDER BY 1)";

constexpr auto events_of_day = R"(
SELECT count(*) FROM falconer.event
WHERE received >= $1::timestamp AT TIME ZONE 'UTC' AND received < ($1::timestamp + interval '1 day') AT TIME ZONE 'UTC')";

constexpr auto loudest = R"(
SELECT c.identity, count(*), to_char(max(e.received) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM falconer.event e JOIN falconer.cluster c ON c.id = e.cluster
WHERE e.received > now() - interval '1 day' GROUP BY c.identity ORDER BY 2 DESC, 1 LIMIT 10)";

task<result<store_status>> ask(store::pg_connection& db, status_counting counting) {
    store_status now;
    auto         first = co_await db.query(figures, {}, 60s);
    if (!first) co_return std::move(first).error();
    now.schema         = static_cast<int>(number(first->at(0, 0)));
    now.bytes          = number(first->at(0, 1));
    now.clusters       = number(first->at(0, 2));
    now.texts          = number(first->at(0, 3));
    now.quarantined    = number(first->at(0, 4));
    now.counted        = number(first->at(0, 5));
    now.refused_tokens = number(first->at(0, 6));

    auto days = co_await db.query(partitions, {}, 60s);
    if (!days) co_return std::move(days).error();
    for (int row = 0; row < days->size(); ++row) {
        day_count each;
        each.day    = days->at(row, 0);
        each.events = number(days->at(row, 1));
        each.estimated =
            counting == status_counting::estimated && days->at(row, 2) != "t" && each.events >= 0;
        if (!each.estimated) {
            store::pg_connection::params which{each.day};
            auto count = co_await db.query(events_of_day, std::move(which), 60s);
            if (!count) co_return std::move(count).error();
            each.events = number(count->at(0, 0));
        }
        if (each.events > 0) now.days.push_back(std::move(each));
    }
    auto rows = co_await db.query(loudest, {}, 60s);
    if (!rows) co_return std::move(rows).error();
    for (int row = 0; row < rows->size(); ++row) {
        cluster_row each;
        each.identity  = rows->at(row, 0);
        each.events    = number(rows->at(row, 1));
        each.last_seen = rows->at(row, 2);
        now.loudest.push_back(std::move(each));
    }
    co_return now;
}

std::string size_of(std::int64_t bytes) {
    constexpr const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    std::size_t           unit    = 0;
    while (bytes >= 10'240 && unit + 1 < std::size(units)) {
        bytes /= 1024;
        ++unit;
    }
    return std::to_string(bytes) + ' ' + units[unit];
}

void print_text(const store_status& now) {
    const auto line = [](std::string name, const std::string& value) {
        name.resize(std::max<std::size_t>(name.size() + 1, 24), ' ');
        std::cout << name << value << '\n';
    };
    line("schema version", std::to_string(now.schema));
    line("database size", size_of(now.bytes));
    line("clusters", std::to_string(now.clusters));
    line("dictionary texts", std::to_string(now.texts));
    line("in quarantine", std::to_string(now.quarantined));
    line("only counted", std::to_string(now.counted));
    line("refused tokens", std::to_string(now.refused_tokens));
    for (const auto& [day, events, estimated] : now.days)
        line("events of " + day, (estimated ? "~" : "") + std::to_string(events));
    if (now.days.empty()) line("events", "none");
    if (now.loudest.empty()) return;
    std::cout << "\nloudest in the last 24 h\n";
    for (const auto& [identity, events, last_seen] : now.loudest) {
        auto count = std::to_string(events);
        count.insert(0, count.size() < 10 ? 10 - count.size() : 0, ' ');
        std::cout << count << "  last " << last_seen << "  " << identity << '\n';
    }
}

void print_json(const store_status& now) {
    rapidjson::StringBuffer                          out;
    rapidjson::PrettyWriter<rapidjson::StringBuffer> json(out);
    const auto put = [&](const char* key, std::int64_t value) {
        json.Key(key);
        json.Int64(value);
    };
    const auto text = [&](const char* key, const std::string& value) {
        json.Key(key);
        json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    json.StartObject();
    put("schemaVersion", now.schema);
    put("databaseBytes", now.bytes);
    put("clusters", now.clusters);
    put("dictionaryTexts", now.texts);
    put("quarantined", now.quarantined);
    put("onlyCounted", now.counted);
    put("refusedTokens", now.refused_tokens);
    json.Key("days");
    json.StartArray();
    for (const auto& each : now.days) {
        json.StartObject();
        text("day", each.day);
        put("events", each.events);
        json.Key("estimated");
        json.Bool(each.estimated);
        json.EndObject();
    }
    json.EndArray();
    json.Key("loudest");
    json.StartArray();
    for (const auto& each : now.loudest) {
        json.StartObject();
        text("cluster", each.identity);
        put("events", each.events);
        text("lastSeen", each.last_seen);
        json.EndObject();
    }
    json.EndArray();
    json.EndObject();
    std::cout << out.GetString() << '\n';
}

}  // namespace

task<result<void>> print_status(
    store::pg_connection& db, status_format format, status_counting counting
) {
    auto now = co_await ask(db, counting);
    if (!now) co_return std::move(now).error();
    if (format == status_format::json)
        print_json(*now);
    else
        print_text(*now);
    co_return result<void>{};
}

}  // namespace falconer::cli

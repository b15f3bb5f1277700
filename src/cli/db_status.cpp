#include "db_status.hpp"

#include "printable.hpp"
#include "store/census.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;
using store::day_events;
using store::loud_cluster;

/// How long each answer may take unless everything shall be counted.
constexpr auto quick = 1s;

/// A number, or that it would have taken too long; from a guess of PostgreSQL's where it has one.
struct figure {
    std::optional<std::int64_t> value{};
    bool                        estimated = false;
};

struct question {
    const char* name;  // for people
    const char* key;   // for programs
    const char* sql;
    const char* table;  // of whose rows all are meant: PostgreSQL has an idea; null: none
};

// The quick ones first.
constexpr question questions[] = {
    {"schema version", "schemaVersion", "SELECT max(version) FROM falconer.schema_version", nullptr
    },
    {"database size", "databaseBytes", "SELECT pg_database_size(current_database())", nullptr},
    {"clusters", "clusters", "SELECT count(*) FROM falconer.cluster", "cluster"},
    {"dictionary texts", "dictionaryTexts", "SELECT count(*) FROM falconer.text", "text"},
    {"in quarantine", "quarantined",
     "SELECT count(*) FROM falconer.quarantine WHERE replayed IS NULL", nullptr},
    {"only counted", "onlyCounted",
     "SELECT coalesce(sum(count), 0) FROM falconer.tally WHERE cause NOT IN (3, 4)", nullptr},
    {"refused tokens", "refusedTokens",
     "SELECT coalesce(sum(count), 0) FROM falconer.tally WHERE cause = 3", nullptr},
};

task<result<figure>> ask(store::pg_connection& db, const question& what) {
    auto value = co_await store::number_in_time(db, std::string(what.sql));
    if (!value) co_return std::move(value).error();
    if (*value || what.table == nullptr) co_return figure{.value = *value};
    auto sql = std::string(
                   "SELECT greatest(reltuples, 0)::int8 FROM pg_class WHERE oid = "
                   "'falconer."
    )
                   .append(what.table)
                   .append("'::regclass");
    auto guess = co_await store::number_in_time(db, std::move(sql));
    if (!guess) co_return std::move(guess).error();
    co_return figure{.value = *guess, .estimated = true};
}

/// A day that is not counted is read, if that goes quickly and there is no better guess.
task<result<figure>> ask(store::pg_connection& db, const day_events& day, status_counting how) {
    if (how == status_counting::estimated) {
        if (day.counted) co_return figure{.value = day.events};
        if (!day.recent && day.events > 0) co_return figure{.value = day.events, .estimated = true};
    }
    auto count = co_await store::count_day(db, day.day);
    if (count) co_return figure{.value = *count};
    if (count.error().code != errc::timed_out || !db.usable()) co_return std::move(count).error();
    co_return figure{.value = day.events, .estimated = true};
}

/// Those that nobody has counted yet are read, if that goes quickly.
task<result<std::vector<loud_cluster>>> ask_for_loudest(
    store::pg_connection& db, const std::vector<day_events>& days, status_counting how
) {
    bool uncounted = how == status_counting::exact;
    for (const auto& each : days) uncounted = uncounted || (each.recent && !each.counted);
    if (uncounted) {
        auto read = co_await store::loudest_by_reading(db);
        if (read || read.error().code != errc::timed_out || !db.usable()) co_return read;
    }
    co_return co_await store::loudest_clusters(db);
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

/// Where the answers go, in the order in which they are known.
class status_page {
public:
    virtual ~status_page() = default;

    virtual void put(const question& what, const figure& is)              = 0;
    virtual void put_days(std::vector<std::pair<std::string, figure>> of) = 0;
    virtual void put_loudest(const std::vector<loud_cluster>& all)        = 0;
    virtual void end()                                                    = 0;
};

/// Each line is printed as soon as it is known.
class text_page final : public status_page {
public:
    void put(const question& what, const figure& is) override {
        const bool bytes = what.key == std::string_view("databaseBytes");
        line(what.name, is.value && bytes ? size_of(*is.value) : text_of(is));
    }
    void put_days(std::vector<std::pair<std::string, figure>> of) override {
        for (const auto& [day, is] : of) line("events of " + day, text_of(is));
        if (of.empty()) line("events", "none");
    }
    void put_loudest(const std::vector<loud_cluster>& all) override {
        if (all.empty()) return;
        std::cout << "\nloudest in the last 24 h\n";
        for (const auto& [identity, events, last_seen] : all) {
            auto count = std::to_string(events);
            count.insert(0, count.size() < 10 ? 10 - count.size() : 0, ' ');
            std::cout << count << "  last " << last_seen << "  " << printable(identity, 300)
                      << '\n';
        }
    }
    void end() override {}

private:
    static std::string text_of(const figure& is) {
        if (!is.value) return "not counted in time; --exact counts it";
        return (is.estimated ? "~" : "") + std::to_string(*is.value);
    }
    static void line(std::string name, const std::string& value) {
        name.resize(std::max<std::size_t>(name.size() + 1, 24), ' ');
        std::cout << name << value << std::endl;
    }
};

class json_page final : public status_page {
public:
    json_page() { json_.StartObject(); }

    void put(const question& what, const figure& is) override { number(what.key, is.value); }
    void put_days(std::vector<std::pair<std::string, figure>> of) override {
        json_.Key("days");
        json_.StartArray();
        for (const auto& [day, is] : of) {
            json_.StartObject();
            text("day", day);
            number("events", is.value);
            json_.Key("estimated");
            json_.Bool(is.estimated);
            json_.EndObject();
        }
        json_.EndArray();
    }
    void put_loudest(const std::vector<loud_cluster>& all) override {
        json_.Key("loudest");
        json_.StartArray();
        for (const auto& each : all) {
            json_.StartObject();
            text("cluster", each.identity);
            number("events", each.events);
            text("lastSeen", each.last_seen);
            json_.EndObject();
        }
        json_.EndArray();
    }
    void end() override {
        json_.EndObject();
        std::cout << out_.GetString() << '\n';
    }

private:
    void number(const char* key, std::optional<std::int64_t> value) {
        json_.Key(key);
        if (value)
            json_.Int64(*value);
        else
            json_.Null();  // not counted in time
    }
    void text(const char* key, const std::string& value) {
        json_.Key(key);
        json_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    }

    rapidjson::StringBuffer                          out_;
    rapidjson::PrettyWriter<rapidjson::StringBuffer> json_{out_};
};

task<result<void>> fill(status_page& page, store::pg_connection& db, status_counting how) {
    if (how == status_counting::estimated) {
        auto limited = co_await store::be_quick(db, quick);
        if (!limited) co_return limited;
    }
    for (const auto& each : questions) {
        auto is = co_await ask(db, each);
        if (!is) co_return std::move(is).error();
        page.put(each, *is);
    }
    auto days = co_await store::events_by_day(db);
    if (!days) co_return std::move(days).error();
    std::vector<std::pair<std::string, figure>> counted;
    for (const auto& each : *days) {
        auto is = co_await ask(db, each, how);
        if (!is) co_return std::move(is).error();
        if (is->value.value_or(0) > 0) counted.emplace_back(each.day, *is);
    }
    page.put_days(std::move(counted));
    auto loudest = co_await ask_for_loudest(db, *days, how);
    if (!loudest) co_return std::move(loudest).error();
    page.put_loudest(*loudest);
    page.end();
    co_return result<void>{};
}

}  // namespace

task<result<void>> print_status(
    store::pg_connection& db, status_format format, status_counting counting
) {
    text_page    text;
    json_page    json;
    status_page* page = &text;
    if (format == status_format::json) page = &json;
    co_return co_await fill(*page, db, counting);
}

}  // namespace falconer::cli

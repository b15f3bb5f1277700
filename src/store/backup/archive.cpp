#include "archive.hpp"

#include "backup_session.hpp"
#include "object_io.hpp"
#include "parts.hpp"
#include "schema_check.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <vector>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience  = 60s;
constexpr auto long_work = std::chrono::hours{24};

constexpr auto moment = R"(
SELECT system_identifier, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD"t"HH24MISSUS'),
       (SELECT max(version) FROM falconer.schema_version)
FROM pg_control_system())";

constexpr auto landscapes =
    "SELECT DISTINCT landscape FROM falconer.cluster WHERE landscape IS NOT NULL ORDER BY 1";

bool only_of(std::string_view text, std::string_view characters) {
    return text.find_first_not_of(characters) == text.npos;
}

/// It becomes part of statements.
bool is_sane(const archive_request& what) {
    return what.day.size() == 10 && only_of(what.day, "0123456789-") &&
           only_of(what.clusters, "0123456789,{}");
}

/// An object of what `rows` selects, in the transaction that is under way. Empty name: no rows.
task<result<backup_object>> copy(
    pg_connection& db, vault& to, std::string rows, std::string name, std::string what
) {
    object_maker out(to, std::move(name));
    const auto   take   = [&](std::string_view row) { return out.add(row); };
    auto         sql    = "COPY (" + rows + ") TO STDOUT";
    auto         copied = co_await db.copy_out(std::move(sql), take, long_work);
    if (!copied) co_return std::move(copied).error().while_doing("archiving " + what);
    auto made = out.end();
    if (!made) co_return std::move(made).error().while_doing("archiving " + what);
    co_return made->value_or(backup_object{});
}

/// What the manifest says beside its objects, and a name for them.
task<result<std::string>> describe(pg_connection& db, backup_manifest& is) {
    auto at = co_await db.query(moment, {}, patience);
    if (!at) co_return std::move(at).error();
    is.system         = at->at(0, 0);
    is.made           = at->at(0, 1);
    const auto schema = at->at(0, 3);
    std::from_chars(schema.data(), schema.data() + schema.size(), is.schema);
    auto whose = co_await db.query(landscapes, {}, patience);
    if (!whose) co_return std::move(whose).error();
    for (int row = 0; row < whose->size(); ++row) is.landscapes.emplace_back(whose->at(row, 0));
    co_return std::string(at->at(0, 2));
}

/// Of one snapshot. The manifest last. `begun`: the names of what may be there, also if it fails.
task<result<backup_manifest>> archive_in(
    pg_connection& db, vault& to, archive_request what, std::vector<std::string>& begun
) {
    backup_manifest is;
    is.made_by = what.made_by;
    auto stamp = co_await describe(db, is);
    if (!stamp) co_return std::move(stamp).error();
    auto digits = what.day;
    std::erase(digits, '-');
    const auto begins = archive_prefix + digits + "-" + *stamp;
    auto       rows   = rows_of_day(what.day, what.clusters);
    auto       name   = begins + "-events.gz";
    begun.push_back(name);
    auto events = co_await copy(db, to, std::move(rows), std::move(name), what.day);
    if (!events) co_return std::move(events).error();
    if (events->name.empty()) co_return is;
    is.days.push_back({what.day, *std::move(events), is.made, "", 0});
    for (const auto& each : backup_parts()) {
        const bool clusters = &each == find_part(clusters_part);
        if (!clusters && each.received == nullptr) continue;
        auto part   = clusters ? clusters_of_day(what.day, what.clusters)
                               : rows_of_day(each, what.day, what.clusters);
        auto called = begins + "-" + each.name + ".gz";
        begun.push_back(called);
        auto made = co_await copy(db, to, std::move(part), std::move(called), what.day);
        if (!made) co_return std::move(made).error();
        if (!made->name.empty()) is.parts.emplace(each.name, *std::move(made));
    }
    begun.push_back(begins + ".json");
    auto done = write_object(to, begun.back(), text_of(is));
    if (!done) co_return std::move(done).error();
    co_return is;
}

}  // namespace

task<result<backup_manifest>> archive_day(
    asio::any_io_executor loop, time_source& time, pg_options from, vault& to, archive_request what
) {
    if (!is_sane(what)) co_return failure{errc::malformed, "no day, or no clusters"};
    from.settings          += backup_session;
    from.statement_timeout  = 0ms;  // none
    auto opened             = co_await open_checked(std::move(loop), time, std::move(from));
    if (!opened) co_return std::move(opened).error();
    auto& db    = **opened;
    auto  begun = co_await db.query(begin_snapshot, {}, patience);
    if (!begun) co_return std::move(begun).error();
    std::vector<std::string> names;
    auto                     done = co_await archive_in(db, to, std::move(what), names);
    // Each try has names of its own: what is left of those that failed would fill the place.
    if (!done)
        for (const auto& each : names | std::views::reverse) static_cast<void>(to.remove(each));
    co_return done;
}

}  // namespace falconer::store

#include "retention.hpp"

#include "falconer/event.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
constexpr auto pause    = 200ms;  // longer than nothing: let the inserts through that queued

constexpr auto old_days = R"(
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d+$'
  AND to_date(substr(c.relname, 7), 'YYYYMMDD') < $1::date
ORDER BY 1)";

task<result<void>> drop(
    pg_connection& store, time_source& time, std::string table, retention_options opt
) {
    const auto script = "SET LOCAL lock_timeout = " + std::to_string(opt.lock_limit.count()) +
                        "; DROP TABLE falconer." + table;
    const auto doing = "dropping " + table;  // named: GCC 12 suspects a temporary
    for (int left = opt.tries;; --left) {
        auto         gone = co_await store.run_script(script, patience);
        result<void> verdict;
        if (!gone) verdict = std::move(gone).error().while_doing(doing);
        if (gone || store.last_refusal() != "55P03" || left <= 1) co_return verdict;
        const auto clock = time.make_bell();
        co_await clock->wait_until(time.now() + pause);
    }
}

}  // namespace

task<result<int>> retain(
    pg_connection& store, time_source& time, utc_time now, retention_options opt
) {
    const auto first =
        text_of(event_time_of(std::chrono::floor<std::chrono::days>(now) - opt.keep));
    pg_connection::params day, instant;
    day.push_back(first.substr(0, 10));
    instant.push_back(first);
    auto days = co_await store.query(old_days, std::move(day), patience);
    if (!days) co_return std::move(days).error().while_doing("looking for old days");
    for (int row = 0; row < days->size(); ++row) {
        auto gone = co_await drop(store, time, std::string(days->at(row, 0)), opt);
        if (!gone) co_return std::move(gone).error();
    }
    for (const auto* sql :
         {"DELETE FROM falconer.quarantine WHERE received < $1::timestamptz",
          "DELETE FROM falconer.tally WHERE minute < $1::timestamptz",
          "DELETE FROM falconer.applied_batch WHERE at < $1::timestamptz"}) {
        auto gone = co_await store.query(sql, instant, patience);
        if (!gone) co_return std::move(gone).error().while_doing("deleting what is old");
    }
    co_return days->size();
}

}  // namespace falconer::store

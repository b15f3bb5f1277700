#include "pg_delivery_log.hpp"

#include "queries/event_rows.hpp"

#include <limits>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 5s, to_write = 30s;

/// Times in microseconds. $1: a project, if $2 says so; $3: a state, or -1 for all.
constexpr auto selected = R"(
SELECT d.notification, n.key, d.project, d.receiver, d.state, d.tries, (extract(epoch FROM n.made) * 1000000)::int8,
       (extract(epoch FROM d.due) * 1000000)::int8, (extract(epoch FROM d.settled) * 1000000)::int8
FROM falconer.alert_delivery d JOIN falconer.alert_notification n ON n.seq = d.notification
WHERE (NOT $2::bool OR d.project = $1) AND ($3::int2 = -1 OR d.state = $3::int2) AND d.notification < $4::int8
ORDER BY d.notification DESC LIMIT $5::int8)";

constexpr auto all_tries = R"(
SELECT t.outcome, (extract(epoch FROM t.at) * 1000000)::int8, t.took, t.said, coalesce(t.who, '')
FROM falconer.alert_try t JOIN falconer.alert_delivery d ON d.notification = t.notification
WHERE t.notification = $1::int8 AND d.project = $2 ORDER BY t.number)";

}  // namespace

pg_delivery_log::pg_delivery_log(
    asio::any_io_executor loop, time_source& time, pg_event_queries& reads, pg_options writer
)
    : reads_(reads), writer_(std::move(loop), time, std::move(writer), to_write) {}

task<result<pg_rows>> pg_delivery_log::read(std::string sql, pg_connection::params values) {
    auto db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    auto rows = co_await reader_pool::ask(**db, std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing("reading deliveries");
    co_return std::move(*rows);
}

task<result<std::vector<alerts::kept_delivery>>> pg_delivery_log::deliveries(
    alerts::delivery_selection which
) {
    const auto before = which.before.value_or(std::numeric_limits<std::int64_t>::max());
    const int  state  = which.is ? static_cast<int>(*which.is) : -1;

    pg_connection::params values{
        which.project.value_or(""), which.project ? "true" : "false", std::to_string(state),
        std::to_string(before), std::to_string(which.most)
    };
    auto rows = co_await read(selected, std::move(values));
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::kept_delivery> all;
    for (int row = 0; row < rows->size(); ++row) {
        alerts::kept_delivery one;
        one.seq      = number_of(rows->at(row, 0));
        one.key      = uuid::parse(rows->at(row, 1)).value_or(uuid{});
        one.project  = rows->at(row, 2);
        one.receiver = rows->at(row, 3);
        one.is       = static_cast<alerts::kept_delivery::state>(number_of(rows->at(row, 4)));
        one.tries    = static_cast<int>(number_of(rows->at(row, 5)));
        one.made     = micros_of(rows->at(row, 6));
        one.due      = micros_of(rows->at(row, 7));
        if (!rows->is_null(row, 8)) one.settled = micros_of(rows->at(row, 8));
        all.push_back(std::move(one));
    }
    co_return all;
}

task<result<std::vector<alerts::kept_try>>> pg_delivery_log::tries(
    std::int64_t seq, std::string project
) {
    pg_connection::params values{std::to_string(seq), std::move(project)};
    auto                  rows = co_await read(all_tries, std::move(values));
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::kept_try> all;
    for (int row = 0; row < rows->size(); ++row) {
        alerts::kept_try one;
        one.what = static_cast<alerts::kept_try::kind>(number_of(rows->at(row, 0)));
        one.at   = micros_of(rows->at(row, 1));
        one.took = std::chrono::milliseconds(number_of(rows->at(row, 2)));
        one.said = rows->at(row, 3);
        one.who  = rows->at(row, 4);
        all.push_back(std::move(one));
    }
    co_return all;
}

task<result<void>> pg_delivery_log::replay(std::int64_t seq, std::string project, std::string who) {
    pg_connection::params values{std::to_string(seq), std::move(project), std::move(who)};
    auto                  done = co_await writer_.write(
        "SELECT falconer.replay_delivery($1::int8, $2, $3)", std::move(values)
    );
    if (!done) co_return std::move(done).error().while_doing("putting in a telling again");
    if (done->at(0, 0) != "t")
        co_return failure{errc::not_found, "there is no dead letter of that number"};
    co_return result<void>{};
}

}  // namespace falconer::store

#include "pg_delivery_desk.hpp"

#include "queries/event_rows.hpp"
#include "schema_check.hpp"

#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;

/// Of each group the first that waits, so that none overtakes another, and of each receiver the one
/// that has been due for longest, so that many for one of them keep none from the others.
constexpr auto due_ones = R"(
WITH heads AS (
    SELECT DISTINCT ON (d.project, d.receiver, d.bundle) d.notification, d.due, d.since, d.tries, d.project, d.receiver
    FROM falconer.alert_delivery d WHERE d.state = 0
    ORDER BY d.project, d.receiver, d.bundle, d.notification),
next AS (
    SELECT DISTINCT ON (h.project, h.receiver) h.* FROM heads h WHERE h.due <= clock_timestamp()
    ORDER BY h.project, h.receiver, h.due, h.notification)
SELECT n.notification, n.tries, n.project, n.receiver, n.since < clock_timestamp() - make_interval(secs => $2::float8)
FROM next n ORDER BY n.due, n.notification LIMIT $1::int8)";

std::string seconds_text(std::chrono::duration<double> is) {
    return std::to_string(is.count());
}

}  // namespace

pg_delivery_desk::pg_delivery_desk(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(loop), time_(time), opt_(std::move(opt)), turn_(std::move(loop), 1) {
    opt_.postgres.statement_timeout = patience;
}

task<result<pg_rows>> pg_delivery_desk::ask(
    std::string sql, pg_connection::params values, const char* doing
) {
    co_await turn_.enter();
    const place_in place(turn_);
    if (!connection_ || !connection_->usable()) {
        auto opened = co_await open_checked(loop_, time_, opt_.postgres);
        if (!opened) co_return std::move(opened).error().while_doing(doing);
        connection_ = std::move(*opened);
    }
    auto rows = co_await connection_->query(std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing(doing);
    co_return std::move(*rows);
}

task<result<bool>> pg_delivery_desk::hold(uuid me, std::chrono::milliseconds lease) {
    pg_connection::params values{me.text(), seconds_text(lease)};
    auto                  rows = co_await ask(
        "SELECT falconer.hold_deliveries($1::uuid, make_interval(secs => $2::float8))",
        std::move(values), "holding the deliveries of alerts"
    );
    if (!rows) co_return std::move(rows).error();
    co_return rows->at(0, 0) == "t";
}

task<result<void>> pg_delivery_desk::release(uuid me) {
    pg_connection::params values{me.text()};
    auto                  done = co_await ask(
        "SELECT falconer.release_deliveries($1::uuid)", std::move(values),
        "releasing the deliveries of alerts"
    );
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

task<result<std::vector<alerts::due_delivery>>> pg_delivery_desk::due(
    std::size_t most, std::chrono::seconds lifetime
) {
    pg_connection::params values{std::to_string(most), seconds_text(lifetime)};
    auto rows = co_await ask(due_ones, std::move(values), "reading what is to be told");
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::due_delivery> all;
    for (int row = 0; row < rows->size(); ++row) {
        alerts::due_delivery one;
        one.seq      = number_of(rows->at(row, 0));
        one.tries    = static_cast<int>(number_of(rows->at(row, 1)));
        one.project  = rows->at(row, 2);
        one.receiver = rows->at(row, 3);
        one.overdue  = rows->at(row, 4) == "t";
        all.push_back(std::move(one));
    }
    co_return all;
}

task<result<alerts::notification>> pg_delivery_desk::read(std::int64_t seq) {
    pg_connection::params values{std::to_string(seq)};
    auto                  rows = co_await ask(
        "SELECT body FROM falconer.alert_notification WHERE seq = $1::int8", std::move(values),
        "reading a telling"
    );
    if (!rows) co_return std::move(rows).error();
    if (rows->size() == 0) co_return failure{errc::not_found, "the telling has gone"};
    co_return alerts::notification_of(rows->at(0, 0));
}

task<result<void>> pg_delivery_desk::put(alerts::delivery_try how) {
    pg_connection::params values{
        std::to_string(how.seq), std::to_string(static_cast<int>(how.outcome)), how.said,
        std::to_string(how.took.count()), seconds_text(how.again_in)
    };
    auto done = co_await ask(
        "SELECT falconer.put_delivery($1::int8, $2::int2, $3, $4::int4, make_interval(secs => "
        "$5::float8))",
        std::move(values), "writing down a delivery"
    );
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

}  // namespace falconer::store

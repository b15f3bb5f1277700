#include "pg_alert_desk.hpp"

#include "alerts/alert_rows.hpp"
#include "falconer/alerts/rule_text.hpp"
#include "filter_sql.hpp"
#include "queries/event_rows.hpp"

#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 5s, to_write = 30s;

}  // namespace

pg_alert_desk::pg_alert_desk(
    asio::any_io_executor loop, time_source& time, pg_event_queries& reads, pg_options writer
)
    : time_(time), reads_(reads), writer_(std::move(loop), time, std::move(writer), to_write) {}

task<result<pg_rows>> pg_alert_desk::read(std::string sql, pg_connection::params values) {
    auto db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    auto rows = co_await reader_pool::ask(**db, std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing("reading alerts");
    co_return std::move(*rows);
}

task<result<std::vector<alerts::kept_rule>>> pg_alert_desk::rules() {
    auto sql = "SELECT " + std::string(rule_columns) +
               " FROM falconer.alert_rule r ORDER BY r.project, r.name";
    auto rows = co_await read(std::move(sql), {});
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::kept_rule> all;
    for (int row = 0; row < rows->size(); ++row) all.push_back(rule_of(*rows, row, time_.utc()));
    co_return all;
}

task<result<std::int64_t>> pg_alert_desk::write(alerts::rule_order order) {
    const auto&           rule = order.rule;
    pg_connection::params values{
        order.action.text(),
        order.who,
        rule.id.text(),
        rule.project,
        rule.name,
        json_text(alerts::value_of(rule)),
        std::to_string(order.seen),
    };
    auto done = co_await writer_.write(
        "SELECT falconer.write_alert_rule($1::uuid, $2, $3::uuid, $4, $5, $6, $7::int8)",
        std::move(values)
    );
    if (!done) co_return std::move(done).error().while_doing("writing an alert rule");
    const auto version = number_of(done->at(0, 0));
    if (version < 0) co_return failure{errc::overloaded, "the project has 200 alert rules"};
    if (version == 0)
        co_return failure{
            errc::conflict, "others have changed the rule, or there is one of that name"
        };
    co_return version;
}

task<result<void>> pg_alert_desk::drop(alerts::rule_order order) {
    pg_connection::params values{
        order.action.text(), order.who, order.rule.id.text(), order.rule.project,
        std::to_string(order.seen)
    };
    auto done = co_await writer_.write(
        "SELECT falconer.drop_alert_rule($1::uuid, $2, $3::uuid, $4, $5::int8)", std::move(values)
    );
    if (!done) co_return std::move(done).error().while_doing("deleting an alert rule");
    if (done->at(0, 0) != "t")
        co_return failure{errc::conflict, "others have changed the rule, or it is not there"};
    co_return result<void>{};
}

task<result<std::vector<alerts::silence>>> pg_alert_desk::silences() {
    auto sql = "SELECT " + std::string(silence_columns) +
               " FROM falconer.alert_silence s WHERE s.until > now() - interval '30 days' ORDER "
               "BY s.made_at DESC, s.id";
    auto rows = co_await read(std::move(sql), {});
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::silence> all;
    for (int row = 0; row < rows->size(); ++row) all.push_back(silence_of(*rows, row));
    co_return all;
}

task<result<void>> pg_alert_desk::hush(uuid action, alerts::silence what) {
    pg_connection::params values{
        action.text(), what.who,    what.id.text(),          what.project,
        what.what,     what.reason, instant_text(what.from), instant_text(what.until)
    };
    auto done = co_await writer_.write(
        "SELECT falconer.silence_alerts($1::uuid, $2, $3::uuid, $4, $5, $6, $7::timestamptz, "
        "$8::timestamptz)",
        std::move(values)
    );
    if (!done) co_return std::move(done).error().while_doing("silencing alerts");
    co_return result<void>{};
}

task<result<void>> pg_alert_desk::unhush(
    uuid action, std::string who, uuid silence, std::string project
) {
    pg_connection::params values{action.text(), who, silence.text(), project};
    auto                  done = co_await writer_.write(
        "SELECT falconer.unsilence_alerts($1::uuid, $2, $3::uuid, $4)", std::move(values)
    );
    if (!done) co_return std::move(done).error().while_doing("ending a silence");
    if (done->at(0, 0) != "t")
        co_return failure{errc::not_found, "there is no such silence, or it is over"};
    co_return result<void>{};
}

task<result<std::vector<alerts::alert_change>>> pg_alert_desk::story(uuid subject) {
    pg_connection::params values{subject.text()};
    auto                  rows = co_await read(
        "SELECT c.id, c.subject, (extract(epoch FROM c.at) * 1000000)::int8, c.version, c.who, "
                         "c.what, c.project, c.body FROM falconer.alert_change c WHERE c.subject = $1::uuid ORDER "
                         "BY c.seq DESC LIMIT 200",
        std::move(values)
    );
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::alert_change> all;
    for (int row = 0; row < rows->size(); ++row) {
        alerts::alert_change one;
        one.id      = uuid::parse(rows->at(row, 0)).value_or(uuid{});
        one.subject = uuid::parse(rows->at(row, 1)).value_or(uuid{});
        one.at      = micros_of(rows->at(row, 2));
        one.version = number_of(rows->at(row, 3));
        one.who     = rows->at(row, 4);
        one.what    = rows->at(row, 5);
        one.project = rows->at(row, 6);
        one.body    = rows->at(row, 7);
        all.push_back(std::move(one));
    }
    co_return all;
}

task<result<std::vector<alerts::standing_alert>>> pg_alert_desk::standing() {
    auto rows = co_await read(
        "SELECT a.body, a.rule FROM falconer.alert_state a WHERE a.kind = 0 ORDER BY a.id", {}
    );
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::standing_alert> all;
    for (int row = 0; row < rows->size(); ++row) {
        const auto body = parse_json(rows->at(row, 0));
        if (!body) continue;
        const auto* alert = body->find("alert");
        if (alert == nullptr) continue;
        alerts::standing_alert one;
        one.alert         = alerts::told_alert_of(*alert);
        one.alert.rule_id = uuid::parse(rows->at(row, 1)).value_or(uuid{});
        one.project       = body->text_at({"project"});
        all.push_back(std::move(one));
    }
    co_return all;
}

}  // namespace falconer::store

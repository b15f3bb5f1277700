// What is written of triage: by functions that leave a row in falconer.triage_action for all they
// do.
#include "pg_triage.hpp"

#include "filter_sql.hpp"
#include "pg_array.hpp"
#include "queries/event_rows.hpp"

#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;  // for ten thousand events on a busy machine

/// Parameters are never null here; an empty one stands for it where it can be none.
constexpr auto assess_call =
    "SELECT events, changed, changed_by, (extract(epoch FROM changed_at) * 1000000)::int8 FROM "
    "falconer.assess($1::uuid, $2, $3::uuid[], $4::timestamptz[], $5::text[], $6::int8[], "
    "nullif($7, '')::int2, CASE WHEN $8 = 'to' THEN $9 END, nullif($10, '')::timestamptz, $11, "
    "$12, $13, $14::timestamptz)";
constexpr auto undo_call =
    "SELECT events, passed FROM falconer.undo_assess($1::uuid, $2::uuid, $3, $4)";
constexpr auto suppress_call =
    "SELECT falconer.suppress($1::uuid, $2::uuid, $3, $4, nullif($5, ''), CASE WHEN $5 = '' THEN "
    "nullif($6::text[], '{}') END, $7, $8, $9::timestamptz, $10)";
constexpr auto change_call =
    "SELECT falconer.change_suppression($1::uuid, $2::uuid, $3, nullif($4, ''), nullif($5, "
    "'')::timestamptz, nullif($6, ''), $7::bool, $8)";

std::string instant_or_none(const std::optional<utc_time>& t) {
    return t ? instant_text(*t) : "";
}

std::uint64_t count_of(std::string_view text) {
    return static_cast<std::uint64_t>(number_of(text));
}

/// The keys of an order, a column each.
struct keys_of {
    pg_array ids{}, receipts{}, clusters{};
    /// `seen` may hold nulls.
    std::string seen = "{";

    explicit keys_of(const std::vector<assess_order::one>& events) {
        for (const auto& each : events) {
            ids.add(each.at.id.text());
            receipts.add(instant_text(each.at.received));
            clusters.add(each.at.cluster);
            if (seen.size() > 1) seen += ',';
            seen += each.seen ? std::to_string(*each.seen) : "NULL";
        }
        seen += '}';
    }
};

}  // namespace

pg_triage::pg_triage(
    asio::any_io_executor loop, time_source& time, pg_event_queries& reads, pg_options writer
)
    : reads_(reads), writer_(std::move(loop), time, std::move(writer), patience) {}

task<result<triage_outcome>> pg_triage::assess(assess_order what) {
    const keys_of         keys(what.events);
    pg_connection::params values{what.id.text(),       what.who,
                                 keys.ids.text(),      keys.receipts.text(),
                                 keys.clusters.text(), keys.seen};
    values.push_back(what.state ? std::to_string(static_cast<int>(*what.state)) : "");
    values.emplace_back(what.assignee ? "to" : "");
    values.push_back(what.assignee.value_or(""));
    values.push_back(instant_or_none(what.expires));
    values.push_back(what.reason);
    values.push_back(what.comment);
    values.push_back(what.filter);
    values.push_back(instant_text(what.now));
    auto rows = co_await writer_.write(assess_call, std::move(values));
    if (!rows) co_return std::move(rows).error().while_doing("assessing events");
    if (number_of(rows->at(0, 1)) > 0)
        co_return failure{
            errc::conflict, std::string(rows->at(0, 2)) + " has assessed " +
                                std::string(rows->at(0, 1)) + " of them meanwhile, the last at " +
                                instant_text(micros_of(rows->at(0, 3)))
        };
    co_return triage_outcome{.events = count_of(rows->at(0, 0))};
}

task<result<triage_outcome>> pg_triage::undo(
    uuid action, uuid of, std::string who, std::string why
) {
    pg_connection::params values{action.text(), of.text(), std::move(who), std::move(why)};
    auto                  rows = co_await writer_.write(undo_call, std::move(values));
    if (!rows) co_return std::move(rows).error().while_doing("undoing an assessment");
    if (rows->is_null(0, 0)) co_return failure{errc::not_found, "no such action"};
    co_return triage_outcome{count_of(rows->at(0, 0)), count_of(rows->at(0, 1))};
}

task<result<void>> pg_triage::suppress(suppression what, uuid action, std::string comment) {
    pg_array clusters;
    for (const auto& each : what.clusters) clusters.add(each);
    pg_connection::params values{action.text(),     what.id.text(), what.made_by,
                                 what.filter,       what.project,   clusters.text(),
                                 what.reason,       what.owner,     instant_text(what.expires),
                                 std::move(comment)};
    auto                  rows = co_await writer_.write(suppress_call, std::move(values));
    if (!rows) co_return std::move(rows).error().while_doing("suppressing events");
    if (rows->at(0, 0) != "t")
        co_return failure{errc::already_exists, "there is a suppression of that id"};
    co_return result<void>{};
}

task<result<void>> pg_triage::change(suppression_change what) {
    pg_connection::params values{
        what.action.text(),
        what.id.text(),
        std::move(what.who),
        what.owner.value_or(""),
        instant_or_none(what.expires),
        what.reason.value_or(""),
        what.lift ? "t" : "f",
        std::move(what.why)
    };
    auto rows = co_await writer_.write(change_call, std::move(values));
    if (!rows) co_return std::move(rows).error().while_doing("changing a suppression");
    if (rows->at(0, 0) != "t")
        co_return failure{errc::not_found, "there is no such suppression, or it was lifted"};
    co_return result<void>{};
}

}  // namespace falconer::store

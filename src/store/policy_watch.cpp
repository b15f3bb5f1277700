#include "policy_watch.hpp"

#include "falconer/event.hpp"
#include "jitter.hpp"
#include "schema_check.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

// Whole seconds since 1970, as tokens have them, rounded down: one of that very second is good.
// What is no time for a token (the table took 'infinity' once) is drawn to the nearest that is one:
// no row may make the question fail for all of them.
constexpr auto all_policies = R"(
SELECT p.identity, p.daily_events, floor(extract(epoch FROM near.at))::int8,
       CASE WHEN near.at <> p.tokens_issued_before THEN p.tokens_issued_before::text END
FROM falconer.cluster_policy p, LATERAL (SELECT CASE WHEN p.tokens_issued_before IS NOT NULL THEN
    least(greatest(p.tokens_issued_before, '1970-01-01 00:00:00+00'),
          '9999-12-31 23:59:59.999999+00') END) AS near(at))";

std::optional<std::int64_t> number(const pg_rows& rows, int row, int column) {
    if (rows.is_null(row, column)) return std::nullopt;
    const auto   text  = rows.at(row, column);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// Our clock's nanoseconds end in 2262; what is later is as good as never.
utc_time moment(std::int64_t seconds) {
    constexpr auto last = std::chrono::floor<std::chrono::seconds>(utc_time::max());
    return utc_time{std::chrono::seconds{std::min(seconds, last.time_since_epoch().count())}};
}

/// What a row says; what it cannot mean is in `fault`.
cluster_policy policy_in(const pg_rows& rows, int row, std::string& fault) {
    cluster_policy policy;
    if (const auto events = number(rows, row, 1)) {
        if (*events > 0)
            policy.daily_events = static_cast<std::uint64_t>(*events);
        else
            fault = "daily_events is " + std::to_string(*events) +
                    ", which is no budget: the default holds";
    }
    if (const auto before = number(rows, row, 2)) policy.tokens_issued_before = moment(*before);
    if (!rows.is_null(row, 3))
        fault = "tokens_issued_before is '" + std::string(rows.at(row, 3)) +
                "', outside the years 1970 to 9999: the nearest of them counts";
    return policy;
}

/// A row that says nothing is no row.
constexpr auto tidy =
    "DELETE FROM falconer.cluster_policy WHERE identity = $1 AND daily_events IS NULL AND "
    "tokens_issued_before IS NULL";

}  // namespace

policy_watch::policy_watch(
    asio::any_io_executor loop, time_source& time, post_office& office, options opt
)
    : loop_(std::move(loop)), time_(time), office_(office), opt_(std::move(opt)) {}

task<void> policy_watch::run() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.pause;
    for (;;) {
        auto good = co_await look();
        if (good) {
            pause     = opt_.pause;
            auto told = co_await connection_->next_notice(opt_.look);
            if (told || told.error().code == errc::timed_out) continue;
            good = std::move(told).error();
        }
        if (const auto held = gate_.open(time_.now()))
            log_of("store").warn(
                "policies of clusters are not heard of; those known stay in force reason=\"{}\" "
                "suppressed={}",
                good.error().detail, *held
            );
        connection_.reset();
        co_await clock->wait_until(time_.now() + jittered(pause));
        pause = std::min(pause * 2, opt_.look);
    }
}

task<result<void>> policy_watch::look() {
    auto listening = co_await listen();
    if (!listening) co_return std::move(listening).error();
    co_return co_await read();
}

task<result<void>> policy_watch::listen() {
    if (connection_ && connection_->usable()) co_return result<void>{};
    auto opened = co_await open_checked(loop_, time_, opt_.postgres);
    if (!opened) co_return std::move(opened).error();
    connection_ = std::move(*opened);
    // First listen, then read: what changes in between is heard of.
    auto listening = co_await connection_->query("LISTEN falconer_policy", {}, opt_.query_limit);
    if (!listening) co_return std::move(listening).error();
    co_return result<void>{};
}

task<result<void>> policy_watch::read() {
    auto rows = co_await connection_->query(all_policies, {}, opt_.query_limit);
    if (!rows) co_return std::move(rows).error();
    std::map<std::string, cluster_policy> now;
    std::map<std::string, std::string>    faulty;
    for (int row = 0; row < rows->size(); ++row) {
        const std::string cluster{rows->at(row, 0)};
        std::string       fault;
        now.emplace(cluster, policy_in(*rows, row, fault));
        if (!fault.empty()) faulty.emplace(cluster, std::move(fault));
    }
    name_faults(std::move(faulty));
    for (const auto& [cluster, was] : known_)
        if (!now.contains(cluster)) tell(cluster, was, {});
    for (const auto& [cluster, is] : now) {
        const auto before = known_.find(cluster);
        tell(cluster, before == known_.end() ? cluster_policy{} : before->second, is);
    }
    known_ = std::move(now);
    co_return result<void>{};
}

/// A row is named when its fault is seen first, not again each minute.
void policy_watch::name_faults(std::map<std::string, std::string> now) {
    for (const auto& [cluster, fault] : now) {
        const auto said = faults_.find(cluster);
        if (said != faults_.end() && said->second == fault) continue;
        log_of("store").error(
            "a row of falconer.cluster_policy is wrong cluster=\"{}\" why=\"{}\"", cluster, fault
        );
    }
    faults_ = std::move(now);
}

void policy_watch::tell(
    const std::string& cluster, const cluster_policy& was, const cluster_policy& is
) {
    if (was.daily_events != is.daily_events)
        office_.tell({cluster}, budget_changed{is.daily_events});
    if (was.tokens_issued_before == is.tokens_issued_before) return;
    office_.tell({cluster}, tokens_revoked{is.tokens_issued_before});
    log_of("store").info(
        "tokens of a cluster are {} cluster=\"{}\" issued_before={}",
        is.tokens_issued_before ? "revoked" : "accepted again", cluster,
        is.tokens_issued_before ? text_of(event_time_of(*is.tokens_issued_before)) : "-"
    );
}

task<result<bool>> is_known(pg_connection& store, std::string cluster) {
    pg_connection::params whose{std::move(cluster)};
    auto                  rows = co_await store.query(
        "SELECT FROM falconer.cluster WHERE digest = sha256(convert_to($1, 'UTF8'))",
        std::move(whose), 10s
    );
    if (!rows) co_return std::move(rows).error();
    co_return rows->size() > 0;
}

task<result<void>> set_daily_events(
    pg_connection& store, std::string cluster, std::optional<std::uint64_t> events
) {
    pg_connection::params values{cluster, events ? std::to_string(*events) : ""};
    auto                  set = co_await store.query(
        "INSERT INTO falconer.cluster_policy (identity, daily_events) VALUES ($1, nullif($2, "
                         "'')::int8) "
                         "ON CONFLICT (identity) DO UPDATE SET daily_events = excluded.daily_events, changed_by = "
                         "session_user, changed_at = now()",
        std::move(values), 10s
    );
    if (!set) co_return std::move(set).error();
    pg_connection::params whose{cluster};
    auto                  done = co_await store.query(tidy, std::move(whose), 10s);
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

task<result<std::string>> refuse_tokens(
    pg_connection& store, std::string cluster, std::optional<event_time> before, std::string reason
) {
    // "Now" is the store's, and a whole second: tokens say no more of when they were issued.
    pg_connection::params values{
        cluster, before ? text_of(event_time{before->seconds, 0}) : "", reason
    };
    auto set = co_await store.query(
        R"(INSERT INTO falconer.cluster_policy (identity, tokens_issued_before, reason)
           VALUES ($1, coalesce(nullif($2, '')::timestamptz,
                                date_trunc('second', clock_timestamp())), $3)
           ON CONFLICT (identity) DO UPDATE SET
               tokens_issued_before = excluded.tokens_issued_before, reason = excluded.reason,
               changed_by = session_user, changed_at = now()
           RETURNING to_char(tokens_issued_before AT TIME ZONE 'UTC',
                             'YYYY-MM-DD"T"HH24:MI:SS"Z"'))",
        std::move(values), 10s
    );
    if (!set) co_return std::move(set).error();
    co_return std::string(set->at(0, 0));
}

task<result<void>> accept_tokens(pg_connection& store, std::string cluster, std::string reason) {
    pg_connection::params values{cluster, reason};
    auto                  set = co_await store.query(
        "UPDATE falconer.cluster_policy SET tokens_issued_before = NULL, reason = $2, changed_by = "
                         "session_user, changed_at = now() WHERE identity = $1",
        std::move(values), 10s
    );
    if (!set) co_return std::move(set).error();
    pg_connection::params whose{cluster};
    auto                  done = co_await store.query(tidy, std::move(whose), 10s);
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

}  // namespace falconer::store

#include "pg_quota_ledger.hpp"

#include "pg_array.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace falconer::store {
namespace {

constexpr auto full_at_first = R"(
INSERT INTO falconer.quota_state (cluster, ordinary, urgent)
SELECT * FROM unnest($1::int4[], $2::float8[], $3::float8[]) AS u (cluster, o, u)
WHERE NOT EXISTS (SELECT FROM falconer.quota_state s WHERE s.cluster = u.cluster)
ORDER BY 1 ON CONFLICT DO NOTHING)";

// Rows are locked in one order by all replicas; the update then sees what the last one left.
constexpr auto book = R"(
WITH u AS (
    SELECT * FROM unnest($1::int4[], $2::float8[], $3::float8[], $4::float8[], $5::float8[],
                         $6::float8[], $7::float8[]) WITH ORDINALITY
        AS u (cluster, o_burst, u_burst, o_spent, u_spent, o_day, u_day, n)
), locked AS (
    SELECT s.cluster FROM falconer.quota_state s JOIN u USING (cluster)
    ORDER BY s.cluster FOR UPDATE OF s
)
UPDATE falconer.quota_state s SET
    ordinary = least(o_burst, s.ordinary + o_day / 86400 * greatest(0,
               extract(epoch FROM clock_timestamp() - s.at)::float8)) - o_spent,
    urgent   = least(u_burst, s.urgent + u_day / 86400 * greatest(0,
               extract(epoch FROM clock_timestamp() - s.at)::float8)) - u_spent,
    at       = greatest(s.at, clock_timestamp())
FROM u JOIN locked USING (cluster) WHERE s.cluster = u.cluster
RETURNING u.n - 1, s.ordinary, s.urgent)";

template <class Number>
Number number_of(std::string_view text) {
    Number n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

}  // namespace

pg_quota_ledger::pg_quota_ledger(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)), words_(opt_.dictionary_bytes) {}

task<result<std::vector<quota_left>>> pg_quota_ledger::settle(std::span<const quota_usage> usages) {
    if (usages.empty()) co_return std::vector<quota_left>{};
    if (!connection_ || !connection_->usable()) {
        auto opened = co_await pg_connection::open(loop_, time_, opt_.postgres);
        if (!opened) co_return std::move(opened).error();
        connection_ = std::move(*opened);
        words_.forget();
    }
    words_.make_room(std::chrono::floor<std::chrono::days>(time_.utc()));
    wanted_texts wanted;
    for (const auto& each : usages) wanted.emplace(text_kind::cluster, each.cluster->text);
    auto known = co_await words_.resolve(*connection_, std::move(wanted), opt_.settle_limit);
    if (!known) co_return std::move(known).error();

    std::array<pg_array, 7> columns;
    for (const auto& each : usages) {
        columns[0].add(std::to_string(*words_.find(text_kind::cluster, each.cluster->text)));
        const double numbers[] = {
            each.ordinary.burst,
            each.urgent.burst,
            static_cast<double>(each.ordinary.spent),
            static_cast<double>(each.urgent.spent),
            each.ordinary.per_day,
            each.urgent.per_day
        };
        for (std::size_t i = 0; i < std::size(numbers); ++i)
            columns[i + 1].add(fmt::format("{}", numbers[i]));
    }
    pg_connection::params first, all;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i < 3) first.push_back(columns[i].text());
        all.push_back(columns[i].text());
    }
    auto there = co_await connection_->query(full_at_first, std::move(first), opt_.settle_limit);
    if (!there) co_return std::move(there).error().while_doing("opening quotas");
    auto rows = co_await connection_->query(book, std::move(all), opt_.settle_limit);
    if (!rows) co_return std::move(rows).error().while_doing("booking quotas");

    std::vector<quota_left> left(usages.size());
    for (int row = 0; row < rows->size(); ++row) {
        left.at(number_of<std::size_t>(rows->at(row, 0))
        ) = {number_of<double>(rows->at(row, 1)), number_of<double>(rows->at(row, 2))};
    }
    co_return left;
}

}  // namespace falconer::store

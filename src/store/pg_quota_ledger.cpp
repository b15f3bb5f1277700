#include "pg_quota_ledger.hpp"

#include "pg_array.hpp"
#include "schema_check.hpp"

#include <fmt/format.h>

#include <charconv>

namespace falconer::store {
namespace {

constexpr auto full_at_first = R"(
INSERT INTO falconer.quota_state (cluster, ordinary, urgent)
SELECT * FROM unnest($1::int4[], $2::float8[], $3::float8[]) AS u (cluster, o, u)
WHERE NOT EXISTS (SELECT FROM falconer.quota_state s WHERE s.cluster = u.cluster)
ORDER BY 1 ON CONFLICT DO NOTHING)";

// Nothing where the id has been booked before. Rows are locked in one order by all replicas; the
// update then sees what the last one left.
constexpr auto book = R"(
WITH once AS (
    INSERT INTO falconer.applied_batch (id) VALUES ($9) ON CONFLICT DO NOTHING RETURNING id
), forgotten AS (
    DELETE FROM falconer.applied_batch WHERE id = $10
), u AS (
    SELECT * FROM unnest($1::int4[], $2::float8[], $3::float8[], $4::float8[], $5::float8[],
                         $6::float8[], $7::float8[], $8::int8[]) WITH ORDINALITY
        AS u (cluster, o_burst, u_burst, o_spent, u_spent, o_day, u_day, samples, n)
    WHERE EXISTS (SELECT FROM once)
), locked AS (
    SELECT s.cluster FROM falconer.quota_state s JOIN u USING (cluster)
    ORDER BY s.cluster FOR UPDATE OF s
)
UPDATE falconer.quota_state s SET
    ordinary = least(o_burst, s.ordinary + o_day / 86400 * greatest(0,
               extract(epoch FROM clock_timestamp() - s.at)::float8)) - o_spent,
    urgent   = least(u_burst, s.urgent + u_day / 86400 * greatest(0,
               extract(epoch FROM clock_timestamp() - s.at)::float8)) - u_spent,
    at       = greatest(s.at, clock_timestamp()),
    samples  = u.samples + CASE s.sample_day WHEN today.day THEN s.samples ELSE 0 END,
    sample_day = today.day
FROM u JOIN locked USING (cluster), (SELECT (now() AT TIME ZONE 'UTC')::date AS day) AS today
WHERE s.cluster = u.cluster
RETURNING u.n - 1, s.ordinary, s.urgent, s.samples)";

// What it would say after a booking of nothing.
constexpr auto look = R"(
SELECT u.n - 1,
    least(o_burst, s.ordinary + o_day / 86400 * greatest(0,
          extract(epoch FROM clock_timestamp() - s.at)::float8)),
    least(u_burst, s.urgent + u_day / 86400 * greatest(0,
          extract(epoch FROM clock_timestamp() - s.at)::float8)),
    CASE s.sample_day WHEN (now() AT TIME ZONE 'UTC')::date THEN s.samples ELSE 0 END
FROM unnest($1::int4[], $2::float8[], $3::float8[], $4::float8[], $5::float8[])
    WITH ORDINALITY AS u (cluster, o_burst, u_burst, o_day, u_day, n)
JOIN falconer.quota_state s USING (cluster))";

template <class Number>
Number number_of(std::string_view text) {
    Number n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

/// A column each of what is told about the usages.
struct columns {
    pg_array clusters{}, bursts[2]{}, spent[2]{}, per_day[2]{}, samples{};

    columns(std::span<const quota_usage> usages, dictionary& words) {
        for (const auto& each : usages) {
            clusters.add(std::to_string(*words.find(text_kind::cluster, each.cluster->text)));
            const quota_usage::budget* both[] = {&each.ordinary, &each.urgent};
            for (std::size_t i = 0; i < 2; ++i) {
                bursts[i].add(fmt::format("{}", both[i]->burst));
                spent[i].add(std::to_string(both[i]->spent));
                per_day[i].add(fmt::format("{}", both[i]->per_day));
            }
            samples.add(std::to_string(each.samples));
        }
    }
};

/// The rows' answers in the order of the usages. Errors: broken, when one is missing.
result<std::vector<quota_left>> left_of(const pg_rows& rows, std::size_t usages) {
    if (static_cast<std::size_t>(rows.size()) != usages)
        return failure{errc::broken, "a quota that was there has gone"};
    std::vector<quota_left> left(usages);
    for (int row = 0; row < rows.size(); ++row) {
        left.at(number_of<std::size_t>(rows.at(row, 0))) = {
            number_of<double>(rows.at(row, 1)), number_of<double>(rows.at(row, 2)),
            number_of<std::uint64_t>(rows.at(row, 3))
        };
    }
    return left;
}

}  // namespace

pg_quota_ledger::pg_quota_ledger(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)), words_(opt_.dictionary_bytes) {}

task<result<std::vector<quota_left>>> pg_quota_ledger::settle(
    const uuid& id, std::span<const quota_usage> usages
) {
    if (usages.empty()) co_return std::vector<quota_left>{};
    if (!connection_ || !connection_->usable()) {
        auto opened = co_await open_checked(loop_, time_, opt_.postgres);
        if (!opened) co_return std::move(opened).error();
        auto whose = co_await (*opened)->query(dictionary::whose, {}, opt_.settle_limit);
        if (!whose)
            co_return std::move(whose).error().while_doing("looking whose quotas these are");
        connection_ = std::move(*opened);
        words_.stay_with(*whose);
    }
    words_.make_room(std::chrono::floor<std::chrono::days>(time_.utc()));
    wanted_texts wanted;
    for (const auto& each : usages) wanted.emplace(text_kind::cluster, each.cluster->text);
    auto known = co_await words_.resolve(*connection_, std::move(wanted), opt_.settle_limit);
    if (!known) co_return std::move(known).error();

    const columns         all(usages, words_);
    pg_connection::params first{all.clusters.text(), all.bursts[0].text(), all.bursts[1].text()};
    auto there = co_await connection_->query(full_at_first, std::move(first), opt_.settle_limit);
    if (!there) co_return std::move(there).error().while_doing("opening quotas");

    pg_connection::params booking{
        all.clusters.text(),
        all.bursts[0].text(),
        all.bursts[1].text(),
        all.spent[0].text(),
        all.spent[1].text(),
        all.per_day[0].text(),
        all.per_day[1].text(),
        all.samples.text(),
        id.text(),
        (clear_ == id ? uuid{} : clear_).text()
    };
    auto rows = co_await connection_->query(book, std::move(booking), opt_.settle_limit);
    if (!rows) co_return std::move(rows).error().while_doing("booking quotas");
    clear_ = id;
    if (rows->size() > 0) co_return left_of(*rows, usages.size());

    pg_connection::params looking{
        all.clusters.text(), all.bursts[0].text(), all.bursts[1].text(), all.per_day[0].text(),
        all.per_day[1].text()
    };
    auto seen = co_await connection_->query(look, std::move(looking), opt_.settle_limit);
    if (!seen) co_return std::move(seen).error().while_doing("looking at quotas");
    co_return left_of(*seen, usages.size());
}

}  // namespace falconer::store

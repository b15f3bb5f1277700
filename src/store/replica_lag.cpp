#include "replica_lag.hpp"

#include "jitter.hpp"

#include <fmt/format.h>

#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

constexpr auto written = "SELECT pg_current_wal_lsn()";

// A replica that has nothing more to replay is as old as its last transaction, however long ago
// that was; so its age counts only where the primary has written more. One that has replayed no
// transaction since it was started is not older than the checkpoint that it began with.
constexpr auto replayed = R"(
SELECT pg_is_in_recovery(),
       greatest(pg_wal_lsn_diff(nullif($1, '')::pg_lsn, pg_last_wal_replay_lsn()), 0)::int8,
       greatest(extract(epoch FROM clock_timestamp() - coalesce(
           pg_last_xact_replay_timestamp(), (SELECT checkpoint_time FROM pg_control_checkpoint())
       )) * 1000, 0)::int8)";

template <class Number>
Number number_of(std::string_view text) {
    Number n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

}  // namespace

std::string replica_lag::text() const {
    if (!is_replica) return "the primary itself";
    const auto seconds = std::chrono::duration<double>(at_most).count();
    if (!bytes)
        return fmt::format("a replica, at most {:.1f} s behind; the primary is away", seconds);
    return fmt::format("a replica, at most {:.1f} s behind ({} bytes of its log)", seconds, *bytes);
}

task<result<replica_lag>> measure_lag(pg_connection* primary, pg_connection& read_from) {
    pg_connection::params upto{""};
    if (primary != nullptr) {
        auto at = co_await primary->query(written, {}, patience);
        if (at) upto[0] = at->at(0, 0);
    }
    auto rows = co_await read_from.query(replayed, std::move(upto), patience);
    if (!rows) co_return std::move(rows).error().while_doing("asking the replica how far it is");
    replica_lag is;
    is.is_replica = rows->at(0, 0) == "t";
    if (!is.is_replica) co_return is;
    if (!rows->is_null(0, 1)) is.bytes = number_of<std::uint64_t>(rows->at(0, 1));
    if (is.bytes != 0)
        is.at_most = std::chrono::milliseconds{number_of<std::int64_t>(rows->at(0, 2))};
    co_return is;
}

replica_watch::replica_watch(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
    replica_watch_options opt
)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)),
      behind_(metrics.make_gauge(
          "falconer_store_replica_behind_seconds",
          "How far the server that the console reads from is behind, at most; 0: it is up to date, "
          "or the primary"
      )) {}

task<result<void>> replica_watch::connect(pg_connection::ptr& into, const pg_options& opt) {
    if (into && into->usable()) co_return result<void>{};
    auto opened = co_await pg_connection::open(loop_, time_, opt);
    if (!opened) co_return std::move(opened).error();
    into = std::move(*opened);
    co_return result<void>{};
}

task<result<replica_lag>> replica_watch::measure() {
    auto reading = co_await connect(read_from_, opt_.read_from);
    if (!reading) co_return std::move(reading).error();
    auto writing = co_await connect(primary_, opt_.primary);
    auto is      = co_await measure_lag(writing ? primary_.get() : nullptr, *read_from_);
    // Where a standby is preferred and this is none, the next connection may find one again.
    if (is && !is->is_replica) read_from_.reset();
    if (is) behind_.set(std::chrono::duration<double>(is->at_most).count());
    co_return is;
}

task<void> replica_watch::run() {
    const auto clock = time_.make_bell();
    for (;;) {
        auto now = co_await measure();
        if (!now || now->at_most > opt_.too_far) {
            if (const auto held = gate_.open(time_.now()))
                log_of("store").warn(
                    "what people read is old why=\"{}\" suppressed={}",
                    now ? now->text() : now.error().detail, *held
                );
        }
        co_await clock->wait_until(time_.now() + jittered(opt_.interval));
    }
}

}  // namespace falconer::store

#include "reader_pool.hpp"

#include "schema_check.hpp"

#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

/// How long we wait beyond the server's own limit before the connection is given up for lost.
constexpr auto grace = 5s;

struct counted {
    explicit counted(std::size_t& of) : of_(of) { ++of_; }
    ~counted() { --of_; }
    counted(const counted&)            = delete;
    counted& operator=(const counted&) = delete;

private:
    std::size_t& of_;
};

}  // namespace

reader_pool::reader_pool(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(loop), time_(time), opt_(std::move(opt)), places_(loop, opt_.connections) {
    // Nothing here writes.
    opt_.postgres.settings          += " -c default_transaction_read_only=on -c work_mem=32MB";
    opt_.postgres.statement_timeout  = 60s;
}

task<result<reader_pool::loan>> reader_pool::borrow() {
    if (waiting_ >= opt_.waiting)
        co_return failure{errc::overloaded, "too many questions wait for the store"};
    {
        const counted me(waiting_);
        co_await places_.enter();
    }
    pg_connection::ptr db;
    while (!idle_.empty() && !db) {
        db = std::move(idle_.back());
        idle_.pop_back();
        if (!db->usable()) db.reset();
    }
    loan mine(*this, std::move(db));  // from here on the place is given back
    if (mine.has()) co_return std::move(mine);
    auto opened = co_await open_checked(loop_, time_, opt_.postgres);
    if (!opened) co_return std::move(opened).error();
    mine.put(std::move(*opened));
    co_return std::move(mine);
}

void reader_pool::take_back(pg_connection::ptr what) {
    if (what && what->usable()) idle_.push_back(std::move(what));
    places_.leave();
}

task<result<pg_rows>> reader_pool::ask(
    pg_connection& db, std::string sql, pg_connection::params values,
    std::chrono::milliseconds limit
) {
    // In one message with the question it would be a transaction of its own before it.
    pg_connection::params most{std::to_string(limit.count())};
    auto                  set = co_await db.query(
        "SELECT set_config('statement_timeout', $1, false)", std::move(most), grace
    );
    if (!set) co_return std::move(set).error();
    co_return co_await db.query(std::move(sql), std::move(values), limit + grace);
}

}  // namespace falconer::store

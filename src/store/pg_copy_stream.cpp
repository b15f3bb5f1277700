// COPY in both directions, of more than one wants to have in memory.
#include "pg_connection.hpp"
#include "pg_exchange.hpp"

namespace falconer::store {
namespace {

struct free_memory {
    void operator()(char* p) const noexcept { PQfreemem(p); }
};

}  // namespace

/// Up to the statement that copies. Errors: the server's verdict on one before it; then the script
/// is over.
task<result<void>> pg_connection::begin_copy(
    std::string sql, ExecStatusType which, exchange& talk
) {
    if (PQsendQuery(raw_.get(), sql.c_str()) == 0) co_return lost("queueing COPY");
    auto sent = co_await flush();
    if (!sent) co_return std::move(sent).error();
    for (;;) {
        auto next = co_await next_result();
        if (!next) co_return std::move(next).error();
        if (!*next) {
            talk.over();
            co_return failure{errc::broken, "no COPY of this direction"};
        }
        if (next->status() == which) co_return result<void>{};
        auto verdict = next->check();
        if (verdict) continue;
        auto state = next->sqlstate();
        auto rest  = co_await last_result(talk);
        if (!rest) co_return std::move(rest).error();
        refusal_ = std::move(state);
        co_return std::move(verdict).error();
    }
}

task<result<std::uint64_t>> pg_connection::copy_out(std::string sql, copy_sink sink, limit time) {
    if (!usable()) co_return failure{errc::unavailable, "the connection is closed"};
    auto work = do_copy_out(std::move(sql), std::move(sink));
    co_return co_await with_timeout(time_, time, std::move(work));
}

/// Source: https://www.postgresql.org/docs/15/libpq-copy.html; libpq hands over a row at a time.
task<result<std::uint64_t>> pg_connection::do_copy_out(std::string sql, copy_sink sink) {
    exchange talk{*this};
    auto     begun = co_await begin_copy(std::move(sql), PGRES_COPY_OUT, talk);
    if (!begun) co_return std::move(begun).error();
    for (std::uint64_t rows = 0;;) {
        char*                                    row  = nullptr;
        const auto                               size = PQgetCopyData(raw_.get(), &row, 1);
        const std::unique_ptr<char, free_memory> mine(row);
        if (size > 0) {
            auto taken = sink({row, static_cast<std::size_t>(size)});
            if (!taken) co_return std::move(taken).error();
            ++rows;
        } else if (size == 0) {
            auto up = co_await until(ready::wait_read);
            if (!up) co_return std::move(up).error();
            if (PQconsumeInput(raw_.get()) == 0) co_return lost("reading COPY data");
        } else {
            if (size != -1) co_return lost("reading COPY data");
            auto done = co_await last_result(talk);
            if (!done) co_return std::move(done).error();
            co_return rows;
        }
    }
}

task<result<void>> pg_connection::copy_from(std::string sql, copy_pieces next, limit time) {
    if (!usable()) co_return failure{errc::unavailable, "the connection is closed"};
    auto work = do_copy_from(std::move(sql), std::move(next));
    co_return co_await with_timeout(time_, time, std::move(work));
}

task<result<void>> pg_connection::do_copy_from(std::string sql, copy_pieces next) {
    exchange talk{*this};
    auto     begun = co_await begin_copy(std::move(sql), PGRES_COPY_IN, talk);
    if (!begun) co_return std::move(begun).error();
    result<void> good;
    for (;;) {
        auto piece = next();
        if (!piece) {
            good = std::move(piece).error();
            break;
        }
        if (piece->empty()) break;
        auto sent = co_await send_slices(*piece);
        if (!sent) co_return std::move(sent).error();
    }
    const char* refuse = good ? nullptr : "what was to be copied is not whole";
    if (PQputCopyEnd(raw_.get(), refuse) != 1) co_return lost("ending COPY");
    auto sent = co_await flush();
    if (!sent) co_return std::move(sent).error();
    auto done = co_await last_result(talk);
    if (!good) co_return std::move(good).error();
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

}  // namespace falconer::store

// Which of several primaries is the one: an old one that has come back takes writes, too.
#include "pg_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

/// Nobody waits longer for a host that is asked only whether it knows better.
constexpr steady_time::duration curiosity = 1s;

/// The first 8 digits of a WAL file's name are its timeline; a control file has the new one only
/// after the checkpoint that follows a promotion. Nobody needs a right for this.
/// Source: https://www.postgresql.org/docs/15/functions-admin.html
constexpr auto history_of_server =
    "SELECT system_identifier, ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))"
    "::bit(32)::int8 FROM pg_control_system()";

failure outdated(std::int64_t is, std::int64_t newest) {
    return {
        errc::unavailable,
        fmt::format(
            "is an old primary: it writes timeline {}, and there is one of timeline {}; make it a "
            "standby (pg_rewind) or end it",
            is, newest
        )
    };
}

}  // namespace

/// Errors : broken  the server does not tell; then nobody can judge it.
task<result<server_history>> pg_connection::ask_history(steady_time::duration within) {
    const auto most = std::chrono::ceil<std::chrono::milliseconds>(within);
    auto       rows = co_await query(history_of_server, {}, most);
    if (!rows) co_return std::move(rows).error().while_doing("asking for its timeline");
    if (rows->size() != 1) co_return failure{errc::broken, "it has no timeline"};
    server_history is;
    is.system       = rows->at(0, 0);
    const auto text = rows->at(0, 1);
    std::from_chars(text.data(), text.data() + text.size(), is.timeline);
    co_return is;
}

/// Is the host that we have reached the primary, or was it one?
///
/// Errors : unavailable  it was.
task<result<void>> pg_connection::check_history(
    const pg_options& opt, const std::vector<std::string>& hosts, steady_time until
) {
    if (!must_write_ || hosts.size() < 2) co_return result<void>{};
    const auto left = std::max<steady_time::duration>(until - time_.now(), 100ms);
    auto       mine = co_await ask_history(left);
    if (!mine) {
        if (usable()) co_return result<void>{};
        co_return std::move(mine).error();
    }
    if (memory_->must_ask_others(time_.now())) co_await ask_others(opt, hosts, until);
    if (memory_->is_outdated(*mine)) co_return outdated(mine->timeline, memory_->newest_timeline());
    memory_->saw(*mine);
    co_return result<void>{};
}

/// Those behind us in the row; those before us have not answered just now. What becomes of it is no
/// experience with them: they are not needed.
task<void> pg_connection::ask_others(
    const pg_options& opt, const std::vector<std::string>& hosts, steady_time until
) {
    memory_->asked_others(time_.now());
    const auto us = std::ranges::find(hosts, host_);
    if (us == hosts.end()) co_return;
    for (auto other = us + 1; other != hosts.end(); ++other) {
        const auto left = until - time_.now();
        const auto most = std::min<steady_time::duration>(left / 2, curiosity);
        if (most <= steady_time::duration::zero()) co_return;
        auto aside   = opt;
        aside.memory = std::make_shared<host_memory>(*opt.memory);
        const ptr there{new pg_connection(socket_.get_executor(), time_)};
        there->memory_ = aside.memory;
        auto up        = co_await there->connect_to_host(aside, *other, most);
        if (!up) continue;
        auto theirs = co_await there->ask_history(most);
        if (theirs) memory_->saw(*theirs);
    }
}

}  // namespace falconer::store

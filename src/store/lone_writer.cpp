#include "lone_writer.hpp"

#include "schema_check.hpp"

#include <utility>

namespace falconer::store {

lone_writer::lone_writer(
    asio::any_io_executor loop, time_source& time, pg_options opt,
    std::chrono::milliseconds patience
)
    : loop_(loop), time_(time), opt_(std::move(opt)), patience_(patience),
      one_at_a_time_(std::move(loop), 1) {
    opt_.statement_timeout = patience;
}

task<result<pg_rows>> lone_writer::write(std::string sql, pg_connection::params values) {
    co_await one_at_a_time_.enter();
    const place_in turn(one_at_a_time_);
    if (!connection_ || !connection_->usable()) {
        auto opened = co_await open_checked(loop_, time_, opt_);
        if (!opened) co_return std::move(opened).error();
        connection_ = std::move(*opened);
    }
    co_return co_await connection_->query(std::move(sql), std::move(values), patience_);
}

}  // namespace falconer::store

// What people have changed, over a connection of its own: one statement after the other.
#pragma once

#include "falconer/turnstile.hpp"
#include "pg_connection.hpp"

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <string>

namespace falconer::store {

/// Threading: the loop thread.
class lone_writer {
public:
    /// `patience`: for one statement.
    lone_writer(
        asio::any_io_executor loop, time_source& time, pg_options opt,
        std::chrono::milliseconds patience
    );

    /// Errors : those of pg_connection::open() and query().
    /// Cancel : while waiting for its turn nothing is done; later it is done or not
    task<result<pg_rows>> write(std::string sql, pg_connection::params values);

private:
    asio::any_io_executor     loop_;
    time_source&              time_;
    pg_options                opt_;
    std::chrono::milliseconds patience_;
    turnstile                 one_at_a_time_;
    pg_connection::ptr        connection_;
};

}  // namespace falconer::store

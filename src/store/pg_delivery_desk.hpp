// Tellings that wait, in a store. Source: migrations/0016_deliveries.sql
#pragma once

#include "falconer/ports/delivery_desk.hpp"
#include "falconer/turnstile.hpp"
#include "pg_connection.hpp"

#include <asio/any_io_executor.hpp>

namespace falconer::store {

/// Over one connection of its own; who asks while another does waits its turn.
/// Threading: the loop thread.
class pg_delivery_desk final : public alerts::delivery_desk {
public:
    struct options {
        pg_options postgres{};  // the writer
    };
    pg_delivery_desk(asio::any_io_executor loop, time_source& time, options opt);

    task<result<bool>> hold(uuid me, std::chrono::milliseconds lease) override;
    task<result<void>> release(uuid me) override;
    task<result<std::vector<alerts::due_delivery>>> due(
        std::size_t most, std::chrono::seconds lifetime
    ) override;
    task<result<alerts::notification>> read(std::int64_t seq) override;
    task<result<void>>                 put(alerts::delivery_try how) override;

private:
    task<result<pg_rows>> ask(std::string sql, pg_connection::params values, const char* doing);

    asio::any_io_executor loop_;
    time_source&          time_;
    options               opt_;
    turnstile             turn_;
    pg_connection::ptr    connection_;
};

}  // namespace falconer::store

// What evaluating alerts asks of a store, and leaves in it.
#pragma once

#include "falconer/ports/alert_store.hpp"
#include "pg_connection.hpp"

#include <asio/any_io_executor.hpp>

#include <cstddef>

namespace falconer::store {

/// Over one connection of its own: one question after the other. Source: migrations/0015_alerts.sql
/// Threading: the loop thread.
class pg_alert_store final : public alerts::alert_store {
public:
    struct options {
        pg_options  postgres{};                // the writer
        std::size_t events = 500;              // in a portion, at the most
        std::size_t bytes  = 4 * 1024 * 1024;  // of their texts, about; one there is always
    };
    pg_alert_store(asio::any_io_executor loop, time_source& time, options opt);

    task<result<alerts::alert_hold>> hold(int shard, uuid me, std::chrono::milliseconds lease)
        override;
    task<result<void>>                            release(int shard, uuid me) override;
    task<result<std::vector<alerts::alert_rule>>> rules() override;
    task<result<std::vector<alerts::silence>>>    silences() override;
    task<result<std::vector<alerts::alert_row>>>  rows(int shard) override;
    task<result<alerts::seen_clusters>>           clusters() override;
    task<result<alerts::new_batches>> look(alerts::alert_progress from, std::size_t events)
        override;
    task<result<alerts::new_batches>>            pass_over(alerts::alert_progress from) override;
    task<result<std::vector<alerts::cell_name>>> names(std::vector<alerts::event_cell> of) override;
    task<result<alerts::event_portion>>          events(
                 alerts::new_batches in, std::vector<alerts::event_cell> of,
                 std::optional<alerts::event_mark> after
             ) override;
    task<result<bool>> put(
        int shard, uuid me, alerts::alert_progress from, alerts::alert_progress till,
        std::vector<alerts::alert_row> rows, std::vector<alerts::notification> tell
    ) override;
    task<result<void>> wait(std::chrono::milliseconds most) override;

private:
    task<result<pg_rows>> ask(std::string sql, pg_connection::params values, const char* doing);

    asio::any_io_executor loop_;
    time_source&          time_;
    options               opt_;
    pg_connection::ptr    connection_;
};

}  // namespace falconer::store

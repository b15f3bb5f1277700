// Alert rules, silences and alerts of one store, for people.
#pragma once

#include "falconer/ports/alert_desk.hpp"
#include "lone_writer.hpp"
#include "pg_event_queries.hpp"

namespace falconer::store {

/// Reads over the connections of `reads`; writes over one of its own. Borrows `reads`.
/// Source: migrations/0015_alerts.sql. Threading: the loop thread.
class pg_alert_desk final : public alerts::alert_desk {
public:
    pg_alert_desk(
        asio::any_io_executor loop, time_source& time, pg_event_queries& reads, pg_options writer
    );

    task<result<std::vector<alerts::kept_rule>>> rules() override;
    task<result<std::int64_t>>                   write(alerts::rule_order order) override;
    task<result<void>>                           drop(alerts::rule_order order) override;
    task<result<std::vector<alerts::silence>>>   silences() override;
    task<result<void>>                           hush(uuid action, alerts::silence what) override;
    task<result<void>> unhush(uuid action, std::string who, uuid silence, std::string project)
        override;
    task<result<std::vector<alerts::alert_change>>>   story(uuid subject) override;
    task<result<std::vector<alerts::standing_alert>>> standing() override;

private:
    task<result<pg_rows>> read(std::string sql, pg_connection::params values);

    time_source&      time_;
    pg_event_queries& reads_;
    lone_writer       writer_;
};

}  // namespace falconer::store

// The role `console`: people see and search events.
#pragma once

#include "alerts/previewer.hpp"
#include "configuration.hpp"
#include "console/access/garden_access.hpp"
#include "console/access/oidc.hpp"
#include "console/handler.hpp"
#include "console/merged_landscape.hpp"
#include "console/merged_provider.hpp"
#include "console/merged_queries.hpp"
#include "console/merged_triage.hpp"
#include "console/past_projects.hpp"
#include "falconer/metrics.hpp"
#include "falconer/task_scope.hpp"
#include "http_endpoint.hpp"
#include "quarantine_replay.hpp"
#include "store/pg_alert_desk.hpp"
#include "store/pg_event_queries.hpp"
#include "store/pg_incidents.hpp"
#include "store/pg_triage.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace falconer::app {

/// Lifetime : start() once; stop() before destruction, even if start() failed.
class console_role {
public:
    console_role(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        const store_configuration& store, const console_configuration& how,
        const alerts_configuration& alerts
    );

    /// Returns when it listens. Errors: one sentence that says what to do.
    result<void> start();
    /// Certificates from their files.
    void reload();
    /// What rules that people write may lean on from now on.
    void       use(const alerts_configuration& alerts);
    task<void> drain();
    task<void> stop();

    /// Why nobody should be sent here. Empty: ready.
    std::vector<std::string> not_ready() const;

    unsigned short port() const { return endpoint_->port(); }

private:
    result<void>              ask_garden();
    result<void>              read_session_key();
    result<void>              sign_in_elsewhere();
    void                      forget_past_projects();
    console::handler::options handler_options(std::vector<console::user> users) const;

    asio::any_io_executor                 loop_;
    time_source&                          time_;
    console_configuration                 opt_;
    store::pg_event_queries               store_;
    console::merged_queries               stores_;
    console::merged_landscape             counts_;
    console::merged_provider              provider_;
    store::pg_triage                      desk_;
    console::merged_triage                desks_;
    store::pg_incidents                   incidents_;
    store::pg_alert_desk                  alerts_;
    alerts::previewer                     previews_;
    alerts::rule_ground                   ground_;
    quarantine_replay                     replay_;
    metrics_registry&                     metrics_;
    std::unique_ptr<kube_api>             garden_;
    std::optional<console::garden_access> access_;
    std::unique_ptr<net::http_client>     web_;
    std::optional<console::oidc_sign_in>  oidc_;
    std::optional<net::sealed_box>        box_;
    std::optional<console::handler>       handler_;
    std::optional<http_endpoint>          endpoint_;
    std::optional<console::past_projects> past_;
    bool                                  listening_ = false;
    task_scope                            scope_;
};

}  // namespace falconer::app

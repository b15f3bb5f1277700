// Alerts in the role `ingestor`: who evaluates rules, and who brings what they tell to receivers.
#pragma once

#include "alerts/delivery/deliverer.hpp"
#include "alerts/evaluator.hpp"
#include "alerts_configuration.hpp"
#include "falconer/metrics.hpp"
#include "falconer/task_scope.hpp"
#include "receiver_book.hpp"
#include "store/pg_alert_store.hpp"
#include "store/pg_delivery_desk.hpp"

#include <asio/any_io_executor.hpp>

#include <optional>

namespace falconer::app {

/// Every ingestor has both; the store lets one of all evaluate and one deliver, and others follow
/// within ten seconds of its end.
///
/// Lifetime : start() once; stop() before destruction, even if start() failed.
/// Threading: the loop thread.
class alerting {
public:
    /// `store`: as the writer.
    alerting(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        store::pg_options store
    );

    /// Errors: a file that cannot be used, one sentence that names its key.
    result<void> start(const alerts_configuration& how);
    /// Other rules and receivers from now on; what is under way ends as it began. Errors: as above,
    /// and all is as before then.
    result<void> use(const alerts_configuration& how);
    /// Others may take over at once.
    task<void> stop();

private:
    task<result<void>> hand_over();
    void               count(const alerts_configuration& how);

    asio::any_io_executor loop_;
    time_source&          time_;
    metrics_registry&     metrics_;

    store::pg_alert_store   store_;
    store::pg_delivery_desk desk_;
    receiver_book::ptr      receivers_{};

    std::optional<alerts::evaluator> evaluator_;
    std::optional<alerts::deliverer> deliverer_;

    gauge&     rules_;
    gauge&     names_;
    bool       finished_ = false;
    task_scope scope_;
};

}  // namespace falconer::app

// The role `admission`: Shoots and Seeds reviewed before they are written; any number of replicas.
#pragma once

#include "admission/garden_watch.hpp"
#include "admission/review_handler.hpp"
#include "admission/webhook_keeper.hpp"
#include "admission_configuration.hpp"
#include "falconer/falco/catalogue_rule_check.hpp"
#include "falconer/falco/maintenance_destinations.hpp"
#include "falconer/metrics.hpp"
#include "http_endpoint.hpp"
#include "k8s/kube_client.hpp"
#include "k8s/leader.hpp"
#include "rules_stock.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace falconer::app {

/// Lifetime: start() once; stop() before destruction, even if start() failed.
class admission_role {
public:
    admission_role(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        admission_configuration how, falco::operator_settings settings, rules_stock& rules
    );
    ~admission_role();

    /// Returns when everything has begun; it listens as soon as it has a certificate. Errors:
    /// kubeconfigs that cannot be read, in one sentence.
    result<void> start();
    /// Answers all that has been taken in.
    task<void> drain();
    task<void> stop();

    /// Why no review should be sent here. Empty: ready.
    std::vector<std::string> not_ready() const;
    unsigned short           port() const;
    void                     refresh_metrics();

private:
    struct reign;

    result<void>                connect();
    admissions::webhook_address address() const;
    result<void>                present(const falco::key_pair& pair);
    falco::settled_destinations settle(const falco::maintained& who, utc_time now) const;
    task<void>                  run();

    asio::any_io_executor                     loop_;
    time_source&                              time_;
    metrics_registry&                         metrics_;
    admission_configuration                   opt_;
    falco::operator_settings                  settings_;
    rules_stock&                              stock_;
    std::unique_ptr<kube_api>                 own_garden_{};
    std::unique_ptr<kube_api>                 own_source_{};
    kube_api*                                 garden_ = nullptr;
    kube_api*                                 source_ = nullptr;
    std::optional<admissions::garden_watch>   watched_{};
    falco::catalogue_rule_check               rules_{};
    std::optional<falco::review_settings>     how_{};
    std::optional<admissions::review_handler> handler_{};
    std::optional<http_endpoint>              endpoint_{};
    std::optional<admissions::webhook_keeper> keeper_{};
    std::unique_ptr<k8s::leader>              leader_{};
    std::unique_ptr<reign>                    reign_{};
    bool                                      serves_ = false;
    task_scope                                scope_;
};

}  // namespace falconer::app

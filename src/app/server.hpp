// `falconer serve`: the roles of one process, with what is seen of them from outside.
#pragma once

#include "admission_role.hpp"
#include "certificate_end.hpp"
#include "console_role.hpp"
#include "controller_role.hpp"
#include "descriptors.hpp"
#include "falconer/one_shot.hpp"
#include "health_board.hpp"
#include "ingestor_role.hpp"
#include "process.hpp"
#include "rules_stock.hpp"
#include "store/housekeeping.hpp"
#include "store/replica_lag.hpp"
#include "store/store_watch.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace falconer::app {

/// Roles that this build has, and those it will have.
const std::set<std::string>& roles_built();
const std::set<std::string>& roles_known();

/// Errors : broken  nobody has set the clock: says what it says
result<void> clock_is_set(utc_time now);

class server final : public application {
public:
    server(
        asio::any_io_executor loop, time_source& time, configuration how,
        std::set<std::string> roles
    );
    ~server() override;

    task<result<void>> start() override;
    void               reload() override;
    task<void>         drain() override;
    task<void>         stop() override;
    task<std::string>  ended() override;

    metrics_registry& metrics() { return metrics_; }
    ingestor_role*    ingestor() { return ingestor_ ? &*ingestor_ : nullptr; }
    admission_role*   admission() { return admission_ ? &*admission_ : nullptr; }
    console_role*     console() { return console_ ? &*console_ : nullptr; }
    controller_role*  controller() { return controller_ ? &*controller_ : nullptr; }
    unsigned short    metrics_port() const { return metrics_endpoint_.port(); }
    unsigned short    health_port() const { return health_endpoint_.port(); }

private:
    /// Between the roles of one process. What one has to say before the other is there is dropped:
    /// it will be said again.
    class exchange final : public post_office, public shoot_office {
    public:
        explicit exchange(server& of) : of_(of) {}
        void tell(const cluster_identity& to, const cluster_message& what) override;
        void tell(const cluster_identity& to, const shoot_message& what) override;

    private:
        server& of_;
    };

    /// A seed's controller has none.
    bool needs_store() const { return roles_.contains("ingestor") || roles_.contains("console"); }
    void look_after_the_store();
    void expect_roles();
    result<void> share_out_descriptors();
    void         tell_of_descriptors() const;
    std::size_t  probes() const { return files_ ? files_->probes : 1; }
    result<void> start_rules();
    void         reread_rules();
    void         reread_alerts();
    task<void>   drain_ingestor();
    task<void>   drain_admission();
    task<void>   drain_console();
    void         lost_leadership(bool stopped);

    asio::any_io_executor loop_;
    time_source&          time_;
    configuration         how_;
    std::set<std::string> roles_;

    result<descriptor_plan> files_;
    std::string             stamp_{};  // of the configuration's file, as it was read last
    bool                    fewer_connections_ = false;  // than the configuration allows

    metrics_registry               metrics_;
    exchange                       exchange_{*this};
    health_board                   health_;
    counter&                       begun_anew_;
    counter&                       unreached_;
    gauge&                         risks_;
    metrics_page                   page_;
    std::optional<ingestor_role>   ingestor_;
    std::optional<rules_stock>     rules_;  // before those who read in it
    std::optional<controller_role> controller_;
    std::optional<admission_role>  admission_;
    std::optional<console_role>    console_;
    http_endpoint                  metrics_endpoint_;
    http_endpoint                  health_endpoint_;

    one_shot<std::string> ended_;
    counter&              log_dropped_;

    std::optional<store::housekeeping>  housekeeping_;
    std::optional<store::store_watch>   store_watch_;
    std::optional<store::replica_watch> replica_watch_;
    std::optional<store_certificate>    store_certificate_;
    task_scope                          scope_;
};

}  // namespace falconer::app

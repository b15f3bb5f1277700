// `falconer serve`: the roles of one process, with what is seen of them from outside.
#pragma once

#include "health_board.hpp"
#include "ingestor_role.hpp"
#include "process.hpp"
#include "store/housekeeping.hpp"
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

    metrics_registry& metrics() { return metrics_; }
    ingestor_role*    ingestor() { return ingestor_ ? &*ingestor_ : nullptr; }
    unsigned short    metrics_port() const { return metrics_endpoint_.port(); }
    unsigned short    health_port() const { return health_endpoint_.port(); }

private:
    void look_after_the_store();

    asio::any_io_executor loop_;
    time_source&          time_;
    configuration         how_;
    std::set<std::string> roles_;

    metrics_registry             metrics_;
    health_board                 health_;
    metrics_page                 page_;
    std::optional<ingestor_role> ingestor_;
    http_endpoint                metrics_endpoint_;
    http_endpoint                health_endpoint_;

    std::optional<store::housekeeping> housekeeping_;
    std::optional<store::store_watch>  store_watch_;
    task_scope                         scope_;
};

}  // namespace falconer::app

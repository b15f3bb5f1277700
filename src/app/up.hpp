// `falconer up`: everything on this machine.
#pragma once

#include "sandbox/demo_fleet.hpp"
#include "sandbox/live_line.hpp"
#include "sandbox/private_postgres.hpp"
#include "server.hpp"

#include "falconer/net/token_keys.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace falconer::app {

class up_application final : public application {
public:
    struct options {
        std::filesystem::path   data{};
        asio::ip::tcp::endpoint listen{asio::ip::address_v4::loopback(), 3200};
        std::size_t             shoots = 10;
        double                  rate   = 1;  // events per second and cluster
        std::string             acknowledged_log{};
    };

    up_application(asio::any_io_executor loop, time_source& time, options opt);
    ~up_application() override;

    task<result<void>> start() override;
    void               reload() override;
    task<void>         drain() override;
    task<void>         stop() override;

private:
    result<void>  claim_folder();
    result<void>  make_keys();
    configuration configure() const;
    std::string   token_for(const cluster_identity& who) const;
    void          greet() const;
    task<void>    show();

    asio::any_io_executor                      loop_;
    time_source&                               time_;
    options                                    opt_;
    int                                        lock_ = -1;
    std::optional<net::private_key>            key_;
    std::unique_ptr<sandbox::private_postgres> postgres_;
    std::unique_ptr<server>                    server_;
    std::unique_ptr<sandbox::demo_fleet>       fleet_;
    bool       line_open_ = false;  // the terminal's cursor is behind it
    task_scope scope_;
};

}  // namespace falconer::app

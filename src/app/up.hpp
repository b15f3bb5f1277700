// `falconer up`: everything on this machine.
#pragma once

#include "local_api.hpp"
#include "sandbox/fleet/demo_fleet.hpp"
#include "sandbox/fleet/live_line.hpp"
#include "sandbox/gardener/gardenlet.hpp"
#include "sandbox/gardener/resource_manager.hpp"
#include "sandbox/postgres/private_postgres.hpp"
#include "server.hpp"
#include "up_receiver.hpp"
#include "up_split.hpp"

#include "falconer/net/token_keys.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace falconer::app {

/// What `falconer up` runs on a folder, as far as that is known before it does; where a port is
/// taken, it takes another one.
configuration configuration_in(const std::filesystem::path& data);

class up_application final : public application {
public:
    struct options {
        std::filesystem::path   data{};
        asio::ip::tcp::endpoint listen{asio::ip::address_v4::loopback(), 3200};
        std::size_t             shoots = 10;
        double                  rate   = 1;  // events per second and cluster
        std::string             acknowledged_log{};
        bool                    split = false;  // each role in a process of its own
        std::string             rules_from{};   // rules that profiles name and the demo lacks
    };

    up_application(asio::any_io_executor loop, time_source& time, options opt);
    ~up_application() override;

    task<result<void>> start() override;
    void               reload() override;
    task<void>         drain() override;
    task<void>         stop() override;
    void               hurry() override;

private:
    result<void> claim_folder();
    result<void> make_keys();
    result<void> write_rules() const;
    result<void> start_landscape();
    void         recognise_shoots();
    void         add_project(const std::string& name);
    void         add_roles();
    void add_account(const std::string& in, const std::string& name, const std::string& role);
    void add_shoots();
    std::string token_of(const cluster_identity& who) const;
    secret      heartbeat_key_of(const cluster_identity& who) const;
    /// A value of a Secret that was delivered into its cluster; empty: there is none.
    std::string delivered(
        const cluster_identity& who, const std::string& name, const std::string& key
    ) const;
    task<void>    gather();
    configuration configure() const;
    /// On ports of which some may have been taken since they were chosen: then on others.
    task<result<void>>    start_server();
    task<result<void>>    start_split();
    unsigned short        ingest_port() const;
    std::string           places_of_roles() const;
    std::filesystem::path header_file() const;
    std::string           token_for(const cluster_identity& who) const;
    task<void>            greet() const;
    task<void>            show();
    /// Users for trying the console, with passwords of this folder's own. Errors: of the file.
    result<void> write_console_users() const;
    std::string  console_greeting() const;

    asio::any_io_executor                      loop_;
    time_source&                               time_;
    options                                    opt_;
    int                                        lock_ = -1;
    std::optional<net::private_key>            key_;
    std::unique_ptr<sandbox::private_postgres> postgres_;
    std::unique_ptr<local_api>                 kubernetes_;
    std::optional<sandbox::gardenlet>          gardenlet_;
    std::optional<sandbox::resource_manager>   resource_manager_;
    std::map<std::string, std::string>         of_cluster_{};  // identity → technical id
    std::optional<up_receiver>                 receiver_;
    std::unique_ptr<server>                    server_;  // null: split
    std::unique_ptr<split_processes>           split_;
    configuration                              split_how_{};
    std::unique_ptr<sandbox::demo_fleet>       fleet_;
    bool       line_open_ = false;  // the terminal's cursor is behind it
    task_scope scope_;
};

}  // namespace falconer::app

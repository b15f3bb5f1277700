// `falconer up --split`: each role in a process of its own.
#pragma once

#include "configuration.hpp"
#include "falconer/net/http_client.hpp"
#include "falconer/task_scope.hpp"
#include "sandbox/postgres/child_process.hpp"

#include <asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace falconer::app {

/// As a file that `falconer serve` reads, for a process of that role alone. Of what `falconer up`
/// sets; all else is as it is by default.
std::string configuration_text(const configuration& how, const std::string& role);

/// Starts the roles and starts each again that ends.
///
/// Lifetime : start() once; stop() before destruction.
/// Threading: the loop thread only.
class split_processes {
public:
    struct options {
        std::filesystem::path folder{};  // gets a configuration and a log of each role
        configuration         how{};
    };

    split_processes(asio::any_io_executor loop, time_source& time, options opt);

    /// Returns when all of them are ready. Errors: a file, or a role that does not get ready; names
    /// its log.
    task<result<void>> start();
    void               signal(int which);
    task<void>         stop();

    /// "  ingestor  pid 17, http://127.0.0.1:8083/readyz, /…/ingestor.log", a line each.
    std::string report() const;

private:
    struct role {
        asio::ip::tcp::endpoint                 health{};
        std::unique_ptr<sandbox::child_process> process{};
    };

    std::filesystem::path file_of(const std::string& name, const char* kind) const;
    result<void>          write(const std::string& name, const role& of) const;
    result<void>          begin(const std::string& name, role& of);
    task<void>            keep(std::string name);
    task<result<void>>    until_ready(const std::string& name, const role& of);

    asio::any_io_executor             loop_;
    time_source&                      time_;
    options                           opt_;
    std::unique_ptr<net::http_client> client_{};
    std::map<std::string, role>       roles_{};
    bool                              stopping_ = false;
    task_scope                        scope_;
};

}  // namespace falconer::app

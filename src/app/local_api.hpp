// A Kubernetes API on this machine that kubectl can use: its certificates, its kubeconfigs, its
// stores.
#pragma once

#include "falconer/result.hpp"
#include "http_endpoint.hpp"
#include "sandbox/kube_api/admission.hpp"
#include "sandbox/kube_api/archive.hpp"
#include "sandbox/kube_api/fault_orders.hpp"
#include "sandbox/kube_api/server.hpp"
#include "sandbox/kube_api/store.hpp"

#include <asio/ip/tcp.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace falconer::app {

/// Lifetime: stop() before destruction.
class local_api {
public:
    struct options {
        std::filesystem::path   folder{};  // is made; only its owner can read it
        asio::ip::tcp::endpoint listen{asio::ip::address_v4::loopback(), 0};
        std::filesystem::path   archive{};  // outlives us: what all stores hold; empty: none does
    };

    local_api(asio::any_io_executor loop, time_source& time, options opt);

    /// Makes certificates and a token, reads the archive, and listens. An archive that cannot be
    /// understood is set aside and told in `warning()`. Errors: those of files and of listening.
    result<void>       start();
    const std::string& warning() const noexcept { return warning_; }
    /// Writes the archive some seconds after each change. Returns only by being cancelled.
    task<void> keep_archive();
    /// Writes it now, to the disk itself.
    result<void> write_archive();
    /// Those who follow it are told at once.
    task<void> stop();

    sandbox::api_store&  store() { return store_; }
    sandbox::api_server& server() { return server_; }

    /// The API of a shoot, at a path of its own; made when it is first asked for.
    sandbox::api_store& shoot(const std::string& technical_id);
    void                forget_shoot(const std::string& technical_id);

    /// As text; empty: our own. Of shoots: "shoot--project--name".
    std::string           kubeconfig(const std::string& technical_id = {}) const;
    std::filesystem::path kubeconfig_file() const { return opt_.folder / "kubeconfig"; }
    unsigned short        port() const { return endpoint_.port(); }

private:
    using versions = std::map<std::string, std::uint64_t>;  // of the stores

    result<void>          make_certificates();
    result<void>          read_archive();
    result<void>          set_aside(const std::string& why);
    sandbox::api_contents contents() const;
    versions              now_at() const;
    task<result<void>>    write_slowly();

    asio::any_io_executor                                      loop_;
    time_source&                                               time_;
    options                                                    opt_;
    std::string                                                warning_{};
    versions                                                   written_{};
    std::string                                                authority_{};
    secret                                                     token_;
    sandbox::api_store                                         store_;
    std::map<std::string, std::unique_ptr<sandbox::api_store>> shoots_{};
    sandbox::api_admission                                     admission_;
    sandbox::api_server                                        server_;
    sandbox::fault_orders                                      faults_;
    http_endpoint                                              endpoint_;
};

}  // namespace falconer::app

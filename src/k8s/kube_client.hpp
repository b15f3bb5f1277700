// The API of one Kubernetes cluster over HTTP.
#pragma once

#include "falconer/metrics.hpp"
#include "falconer/ports/kube_api.hpp"
#include "kubeconfig.hpp"
#include "watch_machine.hpp"

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace falconer::k8s {

struct kube_client_options {
    std::size_t               at_once = 32;  // requests in flight, watches not counted
    std::chrono::milliseconds answer{30'000};
    std::chrono::seconds      watch{45};  // then the server ends it, and it is resumed
    /// A watch without a word for so long is dead. HTTP/1.1 has no ping: that nobody is left behind
    /// a balancer shows in this way only, and within a minute.
    std::chrono::seconds      silence{55};
    std::chrono::seconds      token_age{60};  // a token file is read again after so long
    int                       patience = 4;   // how often a request that may be is sent
    std::chrono::milliseconds reread{500};  // before a read is tried again, and twice as long then
    std::size_t               line_bytes = 8 << 20;  // of one event of a watch
    watch_machine::options    pauses{};
    /// Evenly between 0 and 1.
    std::function<double()> chance{};
    /// Told when our clock and the server's turn out to be apart, by so much, positive if ours is
    /// ahead; and of zero, when they no longer are. The log is told anyway.
    std::function<void(std::chrono::seconds apart)> skewed{};
    /// Where this cluster's requests are counted, and what it is called there. Null: nowhere.
    metrics_registry* metrics = nullptr;
    std::string       cluster{};
};

/// Errors: those of reading certificates. Lifetime: must outlive every call.
result<std::unique_ptr<kube_api>> make_kube_client(
    asio::any_io_executor loop, time_source& time, kube_access access, kube_client_options opt
);

}  // namespace falconer::k8s

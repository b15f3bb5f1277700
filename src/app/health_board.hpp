// Alive and ready, with reasons, for probes and people.
#pragma once

#include "falconer/metrics.hpp"
#include "falconer/net/http_handler.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace falconer::app {

/// Alive: the loop answers. Ready: every role says so. A role that is not ready says why, and takes
/// no other role away: charts probe /readyz/<role>.
class health_board final : public net::http_handler {
public:
    using reasons = std::vector<std::string>;  // why not; none: ready
    using check   = std::function<reasons()>;  // must not block

    void add(std::string role, check ask);
    /// From now on nothing is ready: new work should go elsewhere.
    void set_draining() noexcept { draining_ = true; }

    /// GET /healthz, /readyz, /readyz/<role> → JSON; 200, or 503 with reasons, 404 for unknown
    /// roles.
    task<net::http_response> handle(net::http_request request) override;

private:
    reasons            ask(const check& role) const;
    net::http_response report(const std::map<std::string, check>& roles) const;

    std::map<std::string, check> roles_;
    bool                         draining_ = false;
};

/// GET /metrics.
class metrics_page final : public net::http_handler {
public:
    /// `refresh` runs before each page, for numbers that are read rather than counted.
    metrics_page(metrics_registry& metrics, std::function<void()> refresh)
        : metrics_(metrics), refresh_(std::move(refresh)) {}

    task<net::http_response> handle(net::http_request request) override;

private:
    metrics_registry&     metrics_;
    std::function<void()> refresh_;
};

}  // namespace falconer::app

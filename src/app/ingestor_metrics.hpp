// Numbers that other parts count for themselves, shown as metrics when somebody asks.
#pragma once

#include "falconer/metrics.hpp"
#include "falconer/ports/event_spool.hpp"
#include "net/http_server.hpp"

#include <string>
#include <utility>
#include <vector>

namespace falconer::app {

class http_metrics {
public:
    explicit http_metrics(metrics_registry& metrics);
    void show(const net::http_statistics& now);

private:
    using field = std::uint64_t net::http_statistics::*;

    std::vector<std::pair<counter*, field>> counters_;
    gauge&                                  connections_;
    gauge&                                  parked_;
    gauge&                                  body_bytes_;
    gauge&                                  body_waiting_;
    gauge&                                  crowded_;
};

class certificate_metrics {
public:
    certificate_metrics(metrics_registry& metrics, const std::string& endpoint);
    void show(utc_time expires);

private:
    gauge& expires_;
};

class spool_metrics {
public:
    explicit spool_metrics(metrics_registry& metrics);
    void show(const spool_status& now, utc_time utc);

private:
    gauge&   bytes_;
    gauge&   capacity_;
    gauge&   pending_;
    gauge&   oldest_;
    counter& damaged_;
    counter& failed_writes_;
    gauge&   silent_;
};

}  // namespace falconer::app

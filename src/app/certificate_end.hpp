// Certificates of ours that end: told while there is time to act.
#pragma once

#include "falconer/log.hpp"
#include "falconer/result.hpp"
#include "falconer/task.hpp"
#include "falconer/time_source.hpp"
#include "ingestor_metrics.hpp"

#include <chrono>
#include <filesystem>
#include <string_view>

namespace falconer::app {

/// How often it is looked; and said, where it is near: until somebody hears it.
inline constexpr std::chrono::hours certificate_look{1};

/// A line in the log for a certificate that ends within a week; an error on its last day, and from
/// then on. `shown_by`: the endpoint that shows it.
void say_if_it_ends(std::string_view shown_by, utc_time ends, utc_time now);

/// The certificate that is shown to the store, which reads the file anew for each connection; so
/// nobody else looks at it before it is refused.
/// Gauge falconer_certificate_expires_timestamp_seconds{endpoint="store"}.
class store_certificate {
public:
    store_certificate(time_source& time, metrics_registry& metrics, std::filesystem::path file)
        : time_(time), file_(std::move(file)), shown_(metrics, "store") {}

    /// Looks now. Errors: those of net::certificate_end(); they have been said.
    result<void> look();
    /// Now and each hour, until cancelled.
    task<void> run();

private:
    time_source&          time_;
    std::filesystem::path file_;
    certificate_metrics   shown_;
};

}  // namespace falconer::app

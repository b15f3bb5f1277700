// Logging: one logger per room, constant sentences with key=value, and secrets that cannot be
// printed.
#pragma once

#include "falconer/time_source.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace falconer {

struct log_options {
    enum class shape { text, json };

    spdlog::level::level_enum level = spdlog::level::info;
    shape                     form  = shape::text;
};

/// Before the first line is written. All rooms write to standard error, and writing never waits:
/// what its reader does not take in time is dropped, counted and said. From here on a reader that
/// goes away does not end the process (SIGPIPE is ignored).
void set_up_logging(const log_options& opt);

/// A line for people, as it is, in the same way.
void say_on_stderr(std::string line);

/// Hands over lines that wait for their reader, and gives it so much time for them (0: none).
/// Whoever runs for long calls this now and then, and at its end.
void flush_log(std::chrono::milliseconds at_most = {});
/// Lines, since the start.
std::uint64_t log_lines_dropped() noexcept;

/// The logger of a room: `log_of("ingest").info("listening address={} port={}", a, p)`.
spdlog::logger& log_of(std::string_view room);

/// A text that must not be seen. It has no formatter: printing it does not compile.
class secret {
public:
    secret() = default;
    explicit secret(std::string value) : value_(std::move(value)) {}
    /// Only for the one who hands it to the peer.
    const std::string& reveal() const noexcept { return value_; }
    bool               empty() const noexcept { return value_.empty(); }

private:
    std::string value_;
};

/// Lets a repeated line through once per `every`, and says how many were held back: what an
/// attacker sends must not decide how much we write.
///
///     if (const auto held = gate_.open(time.now())) log.warn("… suppressed={}", *held);
class log_gate {
public:
    explicit log_gate(steady_time::duration every = std::chrono::seconds(10)) : every_(every) {}

    /// How many lines were held back since the last one, or nothing: be silent.
    std::optional<std::uint64_t> open(steady_time now) noexcept;

private:
    steady_time::duration every_;
    steady_time           next_ = steady_time::min();
    std::uint64_t         held_ = 0;
};

}  // namespace falconer

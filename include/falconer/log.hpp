// Logging: one logger per room, constant sentences with key=value, and secrets that cannot be
// printed.
#pragma once

#include "falconer/time_source.hpp"

#include <spdlog/spdlog.h>

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

/// Before the first line is written. All rooms write to standard error.
void set_up_logging(const log_options& opt);

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

// Numbers for Prometheus. Counting is an addition; the text is made when somebody asks.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer {

/// Goes up. Loop thread only, like everything here.
class counter {
public:
    void add(std::uint64_t n = 1) noexcept { value_ += n; }
    /// To a total that is counted elsewhere.
    void raise_to(std::uint64_t total) noexcept { value_ = total > value_ ? total : value_; }
    std::uint64_t value() const noexcept { return value_; }

private:
    std::uint64_t value_ = 0;
};

/// Goes up and down.
class gauge {
public:
    void   set(double v) noexcept { value_ = v; }
    void   add(double v) noexcept { value_ += v; }
    double value() const noexcept { return value_; }

private:
    double value_ = 0;
};

/// Counts observations in buckets.
class histogram {
public:
    explicit histogram(std::vector<double> upper_bounds);
    void observe(double value) noexcept;

    const std::vector<double>&        bounds() const noexcept { return bounds_; }
    const std::vector<std::uint64_t>& counts() const noexcept { return counts_; }  // one more: +Inf
    double                            sum() const noexcept { return sum_; }

private:
    std::vector<double>        bounds_;
    std::vector<std::uint64_t> counts_;
    double                     sum_ = 0;
};

/// Owns all metrics of the process. What it hands out stays valid as long as it lives; asking twice
/// for the same name and labels gives the same metric.
///
/// Names follow https://prometheus.io/docs/practices/naming/ ; labels must have few values.
class metrics_registry {
public:
    using labels = std::vector<std::pair<std::string, std::string>>;

    metrics_registry();
    ~metrics_registry();

    counter&   make_counter(std::string_view name, std::string_view help, labels which = {});
    gauge&     make_gauge(std::string_view name, std::string_view help, labels which = {});
    histogram& make_histogram(
        std::string_view name, std::string_view help, std::vector<double> upper_bounds,
        labels which = {}
    );

    /// Source: https://prometheus.io/docs/instrumenting/exposition_formats/ , text format 0.0.4
    std::string expose() const;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace falconer

#include "falconer/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <limits>

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>
#include <variant>

namespace falconer {

histogram::histogram(std::vector<double> upper_bounds)
    : bounds_(std::move(upper_bounds)), counts_(bounds_.size() + 1) {
    assert(std::ranges::is_sorted(bounds_));
}

void histogram::observe(double value) noexcept {
    const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
    ++counts_[static_cast<std::size_t>(bucket)];
    sum_ += value;
}

namespace {

using metric = std::variant<counter, gauge, histogram>;

struct family {
    std::string                                help;
    std::map<metrics_registry::labels, metric> members;
};

prometheus::MetricType type_of(const metric& m) {
    constexpr prometheus::MetricType types[] = {
        prometheus::MetricType::Counter, prometheus::MetricType::Gauge,
        prometheus::MetricType::Histogram
    };
    return types[m.index()];
}

void fill(prometheus::ClientMetric& to, const counter& from) {
    to.counter.value = static_cast<double>(from.value());
}
void fill(prometheus::ClientMetric& to, const gauge& from) {
    to.gauge.value = from.value();
}
void fill(prometheus::ClientMetric& to, const histogram& from) {
    std::uint64_t up_to_here = 0;
    for (std::size_t i = 0; i < from.counts().size(); ++i) {
        up_to_here += from.counts()[i];
        const double bound =
            i < from.bounds().size() ? from.bounds()[i] : std::numeric_limits<double>::infinity();
        to.histogram.bucket.push_back({.cumulative_count = up_to_here, .upper_bound = bound});
    }
    to.histogram.sample_count = up_to_here;
    to.histogram.sample_sum   = from.sum();
}

}  // namespace

struct metrics_registry::impl {
    std::map<std::string, family, std::less<>> families;  // map: addresses stay

    template <class Metric, class... Args>
    Metric& make(std::string_view name, std::string_view help, labels which, Args&&... args) {
        auto& all =
            families.try_emplace(std::string(name), family{std::string(help), {}}).first->second;
        auto& slot =
            all.members
                .try_emplace(
                    std::move(which), std::in_place_type<Metric>, std::forward<Args>(args)...
                )
                .first->second;
        return std::get<Metric>(slot);
    }
};

metrics_registry::metrics_registry() : impl_(std::make_unique<impl>()) {}
metrics_registry::~metrics_registry() = default;

counter& metrics_registry::make_counter(
    std::string_view name, std::string_view help, labels which
) {
    return impl_->make<counter>(name, help, std::move(which));
}

gauge& metrics_registry::make_gauge(std::string_view name, std::string_view help, labels which) {
    return impl_->make<gauge>(name, help, std::move(which));
}

histogram& metrics_registry::make_histogram(
    std::string_view name, std::string_view help, std::vector<double> upper_bounds, labels which
) {
    return impl_->make<histogram>(name, help, std::move(which), std::move(upper_bounds));
}

std::string metrics_registry::expose() const {
    std::vector<prometheus::MetricFamily> out;
    for (const auto& [name, from] : impl_->families) {
        prometheus::MetricFamily to;
        to.name = name;
        to.help = from.help;
        to.type = type_of(from.members.begin()->second);
        for (const auto& [which, what] : from.members) {
            prometheus::ClientMetric member;
            for (const auto& [label, value] : which) member.label.push_back({label, value});
            std::visit([&](const auto& m) { fill(member, m); }, what);
            to.metric.push_back(std::move(member));
        }
        out.push_back(std::move(to));
    }
    return prometheus::TextSerializer{}.Serialize(out);
}

}  // namespace falconer

// What severities and the health of clusters are called.
#include "falconer/alerts/alert_rule.hpp"

#include <algorithm>
#include <array>

namespace falconer::alerts {
namespace {

constexpr std::array<std::string_view, 4> severities{"critical", "error", "warning", "info"};
constexpr std::array<std::string_view, 4> healths{"healthy", "late", "silent", "blind"};

template <class Choice>
std::optional<Choice> chosen(const std::array<std::string_view, 4>& names, std::string_view name) {
    const auto which = std::ranges::find(names, name);
    if (which == names.end()) return std::nullopt;
    return static_cast<Choice>(which - names.begin());
}

}  // namespace

std::string_view name_of(severity s) noexcept {
    return severities[static_cast<std::size_t>(s)];
}

std::optional<severity> severity_of(std::string_view name) noexcept {
    return chosen<severity>(severities, name);
}

std::string_view name_of(cluster_health h) noexcept {
    return healths[static_cast<std::size_t>(h)];
}

std::optional<cluster_health> cluster_health_of(std::string_view name) noexcept {
    return chosen<cluster_health>(healths, name);
}

}  // namespace falconer::alerts

// What the fields of a filter are called.
#include "falconer/filter.hpp"

#include <algorithm>
#include <array>

namespace falconer::filter {
namespace {

using enum field_kind;

/// The first of a kind is its name; what follows is understood as well.
constexpr std::array<known_name, 26> names{{
    {"rule", rule},
    {"priority", priority},
    {"cluster", cluster},
    {"project", project},
    {"shoot", shoot},
    {"landscape", landscape},
    {"namespace", output_field, "k8s.ns.name"},
    {"workload", workload},
    {"pod", output_field, "k8s.pod.name"},
    {"container", output_field, "container.name"},
    {"image", output_field, "container.image.repository"},
    {"process", output_field, "proc.name"},
    {"user", output_field, "user.name"},
    {"host", host},
    {"tag", tag},
    {"source", source},
    {"output", output},
    {"time", time},
    {"received", received},
    {"flag", flag},
    {"uuid", uuid},
    {"hostname", host},
    {"tags", tag},
    {"level", priority},
    {"message", output},
    {"flags", flag},
}};
constexpr std::size_t                canonical = 21;

}  // namespace

std::span<const known_name> known_names() {
    return std::span(names).first(canonical);
}

field field_of(std::string_view name) {
    const auto  plain = lowered(name);
    const auto* known = std::ranges::find(names, plain, &known_name::name);
    if (known == names.end()) return {output_field, std::string(name)};
    return {known->which, std::string(known->short_for)};
}

std::string name_of(const field& which) {
    if (which.which == output_field) return which.name;
    return std::string(std::ranges::find(names, which.which, &known_name::which)->name);
}

}  // namespace falconer::filter

// Rules and events as tests of alerts want them.
#pragma once

#include "alerts/engine.hpp"
#include "falconer/alerts/rule_text.hpp"
#include "support/yaml.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace falconer::alerts::test {

inline const utc_time noon =
    std::chrono::sys_days{std::chrono::year{2026} / 3 / 10} + std::chrono::hours{12};

/// Of a project's, or, without one, the operators'.
inline alert_rule rule(std::string_view text, std::string project = {}) {
    field_problems problems;
    auto           is = rule_of(testing::yaml(text), "rule", noon, problems);
    for (const auto& each : problems) ADD_FAILURE() << each.text() << " in\n" << text;
    is.id      = operators_rule_id(project + '/' + is.name);
    is.project = std::move(project);
    return is;
}

struct event_sample {
    std::string project = "team", shoot = "a", rule = "Shell", pod = "web-0";
    priority    level    = priority::critical;
    utc_time    received = noon;
    bool        test     = false;
};

inline found_event event(const event_sample& of = {}) {
    found_event is;
    is.at.id             = uuid::random();
    is.at.received       = of.received;
    is.at.cluster        = "0123456789abcdef";
    is.time              = event_time_of(of.received);
    is.level             = of.level;
    is.cluster.identity  = "shoot--" + of.project + "--" + of.shoot + "-uid-live";
    is.cluster.landscape = "live";
    is.cluster.project   = of.project;
    is.cluster.name      = of.shoot;
    is.rule              = of.rule;
    is.output            = "a shell in " + of.pod;
    is.output_fields     = R"({"k8s.pod.name": ")" + of.pod + "\"}";
    if (of.test) is.flags = static_cast<std::uint16_t>(event_flag::test);
    return is;
}

/// A number for each cluster, rule and priority that comes along.
inline event_cell cell_of(const found_event& event) {
    const auto number = [](const std::string& text) {
        return static_cast<std::int32_t>(std::hash<std::string>{}(text) & 0x7FFF'FFFF);
    };
    return {number(event.cluster.identity), number(event.rule), event.level};
}

inline const time_zone* no_zones(const std::string&) {
    return nullptr;
}

}  // namespace falconer::alerts::test

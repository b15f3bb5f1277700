#include "past_projects.hpp"

#include <utility>

namespace falconer::console {
namespace {

constexpr auto us = "falconer: the project was made anew";

/// Somebody else was there first.
bool is_done(const failure& why) {
    return why.code == make_error_code(errc::conflict) ||
           why.code == make_error_code(errc::not_found);
}

}  // namespace

past_projects::past_projects(
    time_source& time, alerts::alert_desk& desk, beginnings projects, options opt
)
    : time_(time), desk_(desk), projects_(std::move(projects)), opt_(opt) {}

task<void> past_projects::run() {
    const auto clock = time_.make_bell();
    for (;;) {
        auto done = co_await once();
        if (!done) {
            if (const auto held = gate_.open(time_.now()))
                log_of("console").warn(
                    "alert rules of past projects are not looked for reason=\"{}\" suppressed={}",
                    done.error().detail, *held
                );
        }
        co_await clock->wait_until(time_.now() + opt_.every);
    }
}

bool past_projects::is_past(const std::string& project, utc_time written) const {
    const auto begun = begun_.find(project);
    return begun != begun_.end() && written + opt_.clocks < begun->second;
}

task<result<std::size_t>> past_projects::once() {
    begun_ = projects_();
    if (begun_.empty()) co_return std::size_t{0};
    std::size_t taken = 0;
    auto        rules = co_await desk_.rules();
    if (!rules) co_return std::move(rules).error();
    for (auto& each : *rules) {
        if (!is_past(each.rule.project, each.changed_at)) continue;
        const auto         which = each.rule.id;
        alerts::rule_order order;
        order.action = uuid::random();
        order.who    = us;
        order.seen   = each.rule.version;
        order.rule   = std::move(each.rule);
        auto done    = co_await desk_.drop(std::move(order));
        if (!done && !is_done(done.error())) co_return std::move(done).error();
        if (!done) continue;
        ++taken;
        log_of("console").info(
            "an alert rule was of a project that is no more, and is deleted id={}", which.text()
        );
    }
    auto silences = co_await desk_.silences();
    if (!silences) co_return std::move(silences).error();
    const auto now = time_.utc();
    for (auto& each : *silences) {
        if (each.until <= now || !is_past(each.project, each.from)) continue;
        const auto  which = each.id;
        const auto  act   = uuid::random();
        std::string who   = us;
        auto        done  = co_await desk_.unhush(act, std::move(who), which, each.project);
        if (!done && !is_done(done.error())) co_return std::move(done).error();
        if (!done) continue;
        ++taken;
        log_of("console").info(
            "a silence was of a project that is no more, and is ended id={}", which.text()
        );
    }
    co_return taken;
}

}  // namespace falconer::console

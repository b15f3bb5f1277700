// Alert rules and silences of projects that are no more, though one of the same name is there.
#pragma once

#include "falconer/log.hpp"
#include "falconer/ports/alert_desk.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>

namespace falconer::console {

/// Rules are kept by their project's name, and whoever evaluates them knows no garden. So whoever
/// does know it takes away what was written before a project began: it would tell strangers, or
/// keep quiet, of clusters that are none of theirs. What was taken away stays in the story of
/// changes.
///
/// Lifetime : run() until it is cancelled; borrows what it is given.
/// Threading: the loop thread.
class past_projects {
public:
    /// When the projects began that there are, by their names.
    using beginnings = std::function<std::map<std::string, utc_time>()>;

    struct options {
        std::chrono::seconds every{60};
        /// The garden's clock and the store's may differ by so much.
        std::chrono::minutes clocks{5};
    };
    past_projects(time_source& time, alerts::alert_desk& desk, beginnings projects, options opt);

    /// A store that cannot be reached is no end.
    task<void> run();
    /// How many rules and silences were taken away. Errors: those of the desk.
    task<result<std::size_t>> once();

private:
    bool is_past(const std::string& project, utc_time written) const;

    time_source&                    time_;
    alerts::alert_desk&             desk_;
    beginnings                      projects_;
    options                         opt_;
    std::map<std::string, utc_time> begun_{};
    log_gate                        gate_{std::chrono::minutes(1)};
};

}  // namespace falconer::console

// The heartbeat of one node: once an hour a harmless command that Falco sees.
#pragma once

#include "falconer/log.hpp"
#include "falconer/result.hpp"
#include "falconer/task.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace falconer::agent {

/// What one beat says.
struct beat {
    std::string falco_version{};
    std::string minute{};  // heartbeat_minute()
    std::string node{};
    std::string proof{};  // empty: there is no key
};

class heartbeat {
public:
    struct options {
        std::string node{};
        /// Asked for each beat, as the cluster may be given another. Empty: no proof.
        std::function<secret()> key = [] { return secret{}; };
        std::chrono::seconds    retry{10};     // until Falco is ready
        std::chrono::seconds    settle{60};    // then, until it sees everything
        std::chrono::seconds    every{3'600};  // at every full one of these, UTC
    };
    /// Falco's version once it is ready. Errors: not ready, whatever the reason.
    using falco_question = std::function<task<result<std::string>>()>;
    /// Runs the command. Errors: it could not be run; the next beat comes all the same.
    using drum = std::function<result<void>(const beat&)>;

    heartbeat(time_source& time, options opt, falco_question falco, drum strike);

    /// Waits for Falco, beats at once and then for ever. Cancel: throws operation_aborted.
    task<void> run();

private:
    task<void>        pause(bell& clock, steady_time::duration how_long);
    task<void>        until(bell& clock, utc_time when);
    task<std::string> version_of_falco(bell& clock);
    beat              next_beat(std::string version) const;

    time_source&   time_;
    options        opt_;
    falco_question falco_;
    drum           strike_;
};

}  // namespace falconer::agent

// A process that runs until it is told to stop: signals, drain, second signals.
#pragma once

#include "falconer/async.hpp"

#include <asio/io_context.hpp>

#include <functional>
#include <string>

namespace falconer::app {

/// What a process is made of, as its life sees it.
class application {
public:
    virtual ~application() = default;

    /// Returns when everything listens. Errors: whatever makes a start impossible, in one sentence.
    virtual task<result<void>> start() = 0;
    /// SIGHUP: reads again what can be read again.
    virtual void reload() = 0;
    /// Returns when whatever was taken in has been answered and is durable. Cancel: stops waiting.
    virtual task<void> drain() = 0;
    /// Cancels and waits for the rest.
    virtual task<void> stop() = 0;
    /// Returns when the process cannot go on, with a sentence that says why; else never.
    virtual task<std::string> ended();
    /// A further signal: whatever stop() is still patient with is ended the hard way.
    virtual void hurry() {}
};

/// Starts `what`, lives until SIGTERM, SIGINT, its own end or the death of a coroutine that nobody
/// begins anew (task_scope), drains (a second signal: not any longer), stops. Returns the process's
/// exit code: 0; 1 when the start failed (said on standard error) or it ended by itself (said in
/// the log).
int run_process(asio::io_context& loop, application& what);

}  // namespace falconer::app

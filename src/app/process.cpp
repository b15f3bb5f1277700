#include "process.hpp"

#include "falconer/log.hpp"

#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <iostream>

namespace falconer::app {
namespace {

/// The next signal that asks for an end. SIGHUP is answered on the way.
task<int> next_end_signal(asio::signal_set& signals, application& what) {
    for (;;) {
        const int which = co_await signals.async_wait(asio::use_awaitable);
        if (which != SIGHUP) co_return which;
        log_of("app").info("SIGHUP: reading again what can be read again");
        what.reload();
    }
}

task<int> live(asio::io_context& loop, application& what) {
    using namespace asio::experimental::awaitable_operators;
    asio::signal_set signals(loop, SIGTERM, SIGINT, SIGHUP);

    auto starting = what.start();
    auto called   = next_end_signal(signals, what);
    auto first    = co_await (std::move(starting) || std::move(called));
    if (first.index() == 1) {  // called off before it had begun
        co_await what.stop();
        co_return 0;
    }
    if (auto& started = std::get<0>(first); !started) {
        std::cerr << "falconer: " << started.error().detail << '\n';
        co_await what.stop();
        co_return 1;
    }

    const int why = co_await next_end_signal(signals, what);
    log_of("app").info("draining signal={}", why == SIGINT ? "SIGINT" : "SIGTERM");
    auto draining = what.drain();
    auto again    = next_end_signal(signals, what);
    auto end      = co_await (std::move(draining) || std::move(again));
    if (end.index() == 1) log_of("app").warn("a second signal: not waiting any longer");
    co_await what.stop();
    log_of("app").info("stopped");
    co_return 0;
}

}  // namespace

int run_process(asio::io_context& loop, application& what) {
    int                exit_code = 1;
    std::exception_ptr thrown;
    asio::co_spawn(loop, live(loop, what), [&](std::exception_ptr why, int code) {
        thrown    = why;
        exit_code = code;
        loop.stop();
    });
    loop.run();
    if (thrown) std::rethrow_exception(thrown);
    return exit_code;
}

}  // namespace falconer::app

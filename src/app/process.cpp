#include "process.hpp"

#include "falconer/log.hpp"

#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

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

/// Never returns.
task<int> hurry_on_signals(asio::signal_set& signals, application& what) {
    for (;;) {
        co_await next_end_signal(signals, what);
        log_of("app").warn("a further signal: whatever is left ends now");
        what.hurry();
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

    auto       told  = next_end_signal(signals, what);
    auto       ended = what.ended();
    const auto why   = co_await (std::move(told) || std::move(ended));
    if (const auto* by_itself = std::get_if<1>(&why))
        log_of("app").error("draining reason=\"{}\"", *by_itself);
    else
        log_of("app").info("draining signal={}", std::get<0>(why) == SIGINT ? "SIGINT" : "SIGTERM");
    auto draining = what.drain();
    auto again    = next_end_signal(signals, what);
    auto end      = co_await (std::move(draining) || std::move(again));
    if (end.index() == 1) {
        log_of("app").warn("a second signal: not waiting any longer");
        what.hurry();
    }
    auto stopping = what.stop();
    auto further  = hurry_on_signals(signals, what);
    co_await (std::move(stopping) || std::move(further));
    log_of("app").info("stopped");
    co_return why.index() == 1 ? 1 : 0;
}

}  // namespace

task<std::string> application::ended() {
    asio::steady_timer for_ever(
        co_await asio::this_coro::executor, asio::steady_timer::time_point::max()
    );
    co_await for_ever.async_wait(asio::use_awaitable);
    co_return "";
}

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

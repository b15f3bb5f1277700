#include "process.hpp"

#include "falconer/log.hpp"
#include "falconer/one_shot.hpp"
#include "falconer/steady_time_source.hpp"
#include "falconer/task_scope.hpp"

#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <memory>
#include <string>
#include <system_error>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

/// However many SIGHUPs come, what can be read again is read again a few times a second at most.
constexpr auto between_reloads = 200ms;
/// How long a line may wait for its reader after it was written, if none follows it.
constexpr auto between_flushes = 250ms;
/// Who reads the log has so long for its last lines.
constexpr auto last_lines = 1s;

/// What stands beside an application for as long as it lives.
struct surroundings {
    asio::signal_set      signals;
    steady_time_source    time;
    std::unique_ptr<bell> hung_up;  // SIGHUP has come
    task_scope            scope;

    explicit surroundings(const asio::any_io_executor& loop)
        : signals(loop, SIGTERM, SIGINT, SIGHUP), time(loop), hung_up(time.make_bell()),
          scope(loop) {}
};

/// One for all SIGHUPs that have come meanwhile.
task<void> reload_when_told(surroundings& here, application& what) {
    const auto clock = here.time.make_bell();
    for (;;) {
        co_await here.hung_up->wait_until(never);
        log_of("app").info("SIGHUP: reading again what can be read again");
        try {
            what.reload();
        } catch (const std::exception& broken) {  // a mistake of ours; what was read before holds
            log_of("app").critical("reading again was broken off threw=\"{}\"", broken.what());
        }
        co_await clock->wait_until(here.time.now() + between_reloads);
    }
}

/// Ends the process in order when a coroutine without which it is not whole has died.
class watch_over_coroutines {
public:
    explicit watch_over_coroutines(const asio::any_io_executor& loop)
        : lost_(std::make_shared<one_shot<std::string>>(loop)) {
        task_scope::on_loss([lost = lost_](const std::string& what) { lost->set(what); });
    }
    ~watch_over_coroutines() { task_scope::on_loss({}); }
    watch_over_coroutines(const watch_over_coroutines&)            = delete;
    watch_over_coroutines& operator=(const watch_over_coroutines&) = delete;

    task<std::string> lost() {
        auto what = co_await lost_->get();
        co_return "a coroutine has died: " + what;
    }

private:
    std::shared_ptr<one_shot<std::string>> lost_;
};

/// Of two that run beside each other the one that throws would wait for the other.
task<result<void>> start_of(application& what) {
    std::string broken;
    try {
        auto work = what.start();
        co_return co_await std::move(work);
    } catch (const std::system_error& stopped) {
        if (stopped.code() == asio::error::operation_aborted) throw;
        broken = stopped.what();
    } catch (const std::exception& other) {
        broken = other.what();
    }
    co_return failure{errc::broken, "the start was broken off by a mistake of our own: " + broken};
}

task<void> drain_of(application& what) {
    try {
        auto work = what.drain();
        co_await std::move(work);
    } catch (const std::system_error& stopped) {
        if (stopped.code() == asio::error::operation_aborted) throw;
        log_of("app").critical("draining was broken off threw=\"{}\"", stopped.what());
    } catch (const std::exception& other) {
        log_of("app").critical("draining was broken off threw=\"{}\"", other.what());
    }
}

task<void> keep_log_moving(surroundings& here) {
    const auto clock = here.time.make_bell();
    for (;;) {
        co_await clock->wait_until(here.time.now() + between_flushes);
        flush_log();
    }
}

/// The next signal that asks for an end.
task<int> next_end_signal(surroundings& here) {
    for (;;) {
        const int which = co_await here.signals.async_wait(asio::use_awaitable);
        if (which != SIGHUP) co_return which;
        here.hung_up->ring();
    }
}

/// Never returns.
task<int> hurry_on_signals(surroundings& here, application& what) {
    for (;;) {
        co_await next_end_signal(here);
        log_of("app").warn("a further signal: whatever is left ends now");
        what.hurry();
    }
}

task<int> live(surroundings& here, application& what) {
    using namespace asio::experimental::awaitable_operators;
    watch_over_coroutines over(here.signals.get_executor());

    auto starting = start_of(what);
    auto called   = next_end_signal(here);
    auto first    = co_await (std::move(starting) || std::move(called));
    if (first.index() == 1) {  // called off before it had begun
        co_await what.stop();
        co_return 0;
    }
    if (auto& started = std::get<0>(first); !started) {
        say_on_stderr("falconer: " + started.error().detail);
        co_await what.stop();
        co_return 1;
    }

    auto       told  = next_end_signal(here);
    auto       ended = what.ended();
    auto       lost  = over.lost();
    const auto why   = co_await (std::move(told) || std::move(ended) || std::move(lost));
    if (const auto* by_itself = std::get_if<1>(&why))
        log_of("app").error("draining reason=\"{}\"", *by_itself);
    else if (const auto* broken = std::get_if<2>(&why))
        log_of("app").critical("draining reason=\"{}\"", *broken);
    else
        log_of("app").info("draining signal={}", std::get<0>(why) == SIGINT ? "SIGINT" : "SIGTERM");
    auto draining = drain_of(what);
    auto again    = next_end_signal(here);
    auto end      = co_await (std::move(draining) || std::move(again));
    if (end.index() == 1) {
        log_of("app").warn("a second signal: not waiting any longer");
        what.hurry();
    }
    auto stopping = what.stop();
    auto further  = hurry_on_signals(here, what);
    co_await (std::move(stopping) || std::move(further));
    log_of("app").info("stopped");
    co_return why.index() == 0 ? 0 : 1;
}

task<int> live_among(surroundings& here, application& what) {
    here.scope.spawn("reload", reload_when_told(here, what));
    here.scope.spawn("log", keep_log_moving(here));
    std::exception_ptr thrown;
    int                code = 1;
    try {
        code = co_await live(here, what);
    } catch (...) {
        thrown = std::current_exception();
    }
    co_await here.scope.stop();
    flush_log(last_lines);
    if (thrown) std::rethrow_exception(thrown);
    co_return code;
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
    surroundings       here(loop.get_executor());
    asio::co_spawn(loop, live_among(here, what), [&](std::exception_ptr why, int code) {
        thrown    = why;
        exit_code = code;
        loop.stop();
    });
    loop.run();
    if (thrown) std::rethrow_exception(thrown);
    return exit_code;
}

}  // namespace falconer::app

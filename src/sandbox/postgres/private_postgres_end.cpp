#include "private_postgres.hpp"

#include "falconer/log.hpp"

#include <csignal>

namespace falconer::sandbox {

using namespace std::chrono_literals;

task<void> private_postgres::stop() {
    stopping_ = true;
    co_await scope_.stop();
    co_await end_server();
    server_.reset();
}

task<void> private_postgres::end_server() {
    if (!server_) co_return;
    server_->signal(SIGINT);  // fast: sessions are ended, what is in memory is written
    bool ended = co_await ends_within(20s, true);
    if (ended) co_return;
    if (hurried_) log_of("sandbox").warn("PostgreSQL is waited for no longer pid={}", pid());
    server_->signal(SIGQUIT);  // immediate: as after a crash
    ended = co_await ends_within(hurried_ ? 1s : 5s, false);
    if (!ended) log_of("sandbox").warn("PostgreSQL does not end; it is killed pid={}", pid());
}

task<bool> private_postgres::ends_within(std::chrono::milliseconds limit, bool may_be_hurried) {
    const auto end = time_.now() + limit;
    while (time_.now() < end && !(may_be_hurried && hurried_)) {
        auto ended = co_await with_timeout(time_, 200ms, run_until_end());
        if (ended) co_return true;
    }
    co_return false;
}

}  // namespace falconer::sandbox

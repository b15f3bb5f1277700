#include "store_check.hpp"

#include "store/migrations.hpp"
#include "store/schema_check.hpp"

namespace falconer::app {

using namespace std::chrono_literals;

task<result<void>> prepare_store(
    asio::any_io_executor loop, time_source& time, const store_configuration& how
) {
    auto login = how.postgres;
    if (how.migrate_at_start) login = how.as_migrator();
    login.statement_timeout = 60s;
    auto opened             = co_await store::pg_connection::open(loop, time, login);
    if (!opened) co_return std::move(opened).error();
    if (how.migrate_at_start) {
        auto done = co_await store::migrate(**opened);
        if (!done) co_return std::move(done).error().while_doing("migrating the store");
    } else {
        auto found = co_await store::check_schema(**opened);
        if (!found) co_return std::move(found).error();
    }
    co_return result<void>{};
}

}  // namespace falconer::app

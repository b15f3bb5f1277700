#include "durability.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

constexpr auto settings =
    "SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'), "
    "current_setting('fsync')";

bool is_blank(const std::string& text) {
    return text.find_first_not_of(" \t\n") == std::string::npos;
}

}  // namespace

std::vector<std::string> risks_of(const durability_settings& how) {
    std::vector<std::string> risks;
    if (!how.fsync)
        risks.emplace_back(
            "fsync is off: what the store has taken goes with its machine's power; set it to on"
        );
    if (how.synchronous_commit == "off") {
        risks.emplace_back(
            "synchronous_commit is off for who writes events: the last moments before the server "
            "ends go with it; set it to on"
        );
        return risks;
    }
    if (!how.several_hosts) return risks;
    if (how.synchronous_commit == "local")
        risks.emplace_back(
            "synchronous_commit is local for who writes events: what the standby has not got goes "
            "with the primary; set it to on"
        );
    else if (is_blank(how.synchronous_standby_names))
        risks.emplace_back(
            "synchronous_standby_names is empty: nobody waits for the standby, and what it has not "
            "got goes with the primary; name one"
        );
    return risks;
}

task<result<std::vector<std::string>>> find_risks(pg_connection& db, const pg_options& how) {
    auto rows = co_await db.query(settings, {}, patience);
    if (!rows) co_return std::move(rows).error().while_doing("asking what the store keeps");
    durability_settings is;
    is.synchronous_commit        = rows->at(0, 0);
    is.synchronous_standby_names = rows->at(0, 1);
    is.fsync                     = rows->at(0, 2) == "on";
    is.several_hosts             = hosts_in(how.host).size() > 1;
    co_return risks_of(is);
}

task<void> look_for_risks(asio::any_io_executor loop, time_source& time, pg_options writer) {
    auto opened = co_await pg_connection::open(std::move(loop), time, writer);
    if (!opened) co_return;
    auto risks = co_await find_risks(**opened, writer);
    if (risks) writer.memory->learn_risks(*std::move(risks));
}

}  // namespace falconer::store

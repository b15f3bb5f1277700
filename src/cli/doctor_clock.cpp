#include "doctor_clock.hpp"

#include "falconer/event.hpp"
#include "store/store_clock.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 5s;
constexpr auto too_far  = 5s;  // sooner than retention minds: somebody has time to act

constexpr auto last_retention =
    "SELECT to_char(done AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
    "done > clock_timestamp() + interval '5 minutes', "
    "done < clock_timestamp() - interval '3 days' FROM falconer.chore WHERE name = 'retain'";

void judge(const store::clock_pair& clocks, time_source& time, doctor_report& out) {
    if (clocks.agree(too_far)) return out.good("clock", now_text(time) + ", as the store's");
    const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(clocks.ahead).count();
    out.bad(
        "clock",
        fmt::format(
            "{}: ours is {} s {}{}", clocks.text(), std::abs(ahead), ahead > 0 ? "ahead" : "behind",
            clocks.agree() ? "" : "; nothing is removed by its date until the wrong one is set"
        )
    );
}

}  // namespace

std::string now_text(time_source& time) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(time.utc())));
}

task<result<void>> look_at_clocks(store::pg_connection& db, time_source& time, doctor_report& out) {
    const auto begun = time.now();
    auto       about = co_await db.query("SELECT current_setting('server_version')", {}, patience);
    if (!about) co_return std::move(about).error();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(time.now() - begun);
    out.good("store", fmt::format("PostgreSQL {} answers in {} µs", about->at(0, 0), took.count()));
    auto clocks = co_await store::read_clocks(db, time, time.utc());
    if (!clocks) co_return std::move(clocks).error();
    judge(*clocks, time, out);
    co_return result<void>{};
}

task<result<void>> look_at_retention(store::pg_connection& db, doctor_report& out) {
    auto rows = co_await db.query(last_retention, {}, patience);
    if (!rows) co_return std::move(rows).error();
    if (rows->size() == 0) {
        out.good("retention", "no ingestor has done it yet");
        co_return result<void>{};
    }
    const auto when = std::string(rows->at(0, 0));
    if (rows->at(0, 1) == "t")
        out.doubt(
            "retention",
            "is noted as done in the future, " + when +
                ", by a clock that was wrong: it counts as never, and the next one mends it"
        );
    else if (rows->at(0, 2) == "t")
        out.doubt(
            "retention", "was done last at " + when + "; the log of serve says what keeps it"
        );
    else
        out.good("retention", "was done last at " + when);
    co_return result<void>{};
}

}  // namespace falconer::cli

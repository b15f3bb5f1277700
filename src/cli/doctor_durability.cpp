#include "doctor_durability.hpp"

#include "store/durability.hpp"
#include "store/replica_lag.hpp"

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto too_far = 1min;

}  // namespace

task<void> look_at_durability(
    asio::any_io_executor loop, time_source& time, store::pg_options writer, doctor_report& out
) {
    auto opened = co_await store::pg_connection::open(std::move(loop), time, writer);
    if (!opened) {
        out.bad("durability", "who writes events cannot: " + opened.error().detail);
        co_return;
    }
    auto risks = co_await store::find_risks(**opened, writer);
    if (!risks) {
        out.bad("durability", risks.error().detail);
        co_return;
    }
    for (const auto& each : *risks)
        out.doubt("durability", "events that were acknowledged can be lost: " + each);
    if (risks->empty()) out.good("durability", "what was acknowledged is kept");
}

task<void> look_at_replica(
    asio::any_io_executor loop, time_source& time, store::pg_options replica,
    store::pg_connection& primary, doctor_report& out
) {
    auto opened = co_await store::pg_connection::open(std::move(loop), time, std::move(replica));
    if (!opened) {
        out.bad("replica", "the console cannot read: " + opened.error().detail);
        co_return;
    }
    auto is = co_await store::measure_lag(&primary, **opened);
    if (!is)
        out.bad("replica", is.error().detail);
    else if (!is->is_replica)
        out.doubt("replica", "none answers: the console reads from the primary");
    else if (is->at_most > too_far)
        out.doubt("replica", is->text());
    else
        out.good("replica", is->text());
}

}  // namespace falconer::cli

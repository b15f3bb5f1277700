#include "doctor_peers.hpp"

#include "falconer/net/http_client.hpp"
#include "store_access.hpp"

#include <string>
#include <utility>

namespace falconer::cli {
namespace {

/// Source: carrier/envelopes.hpp, hear_path.
constexpr auto where_controllers_ask = "/peer/v1/hear";

task<result<void>> look_at_one(
    asio::any_io_executor loop, time_source& time, net::http_client::options opt,
    net::http_place place, std::string called, doctor_report& out
) {
    auto client = net::make_http_client(std::move(loop), time, std::move(opt));
    if (!client) {
        out.bad("peers", client.error().detail);
        co_return result<void>{};
    }
    net::http_request request{.method = "POST", .target = where_controllers_ask};
    request.headers.add("Content-Type", "application/json");
    request.body = "{}";
    auto asking  = (*client)->send(std::move(place), std::move(request));
    auto said    = co_await std::move(asking);
    if (!said)
        out.bad("peers", called + ": " + said.error().detail);
    else if (said->status == 401)
        out.good("peers", called + " answers controllers, those with a token");
    else if (said->status == 404)
        out.bad(
            "peers", called + " answers no controllers: peers.answer is false there, or it is older"
        );
    else
        out.doubt(
            "peers", called + " answers " + std::to_string(said->status) + " where 401 was expected"
        );
    co_return result<void>{};
}

}  // namespace

void look_at_peers(doctor_report& out, const app::configuration& how) {
    const auto places = how.peers.places();
    for (std::size_t i = 0; i < places.size(); ++i)
        // Whatever is found goes into the report; there is no failure left to print.
        run_to_end([&](asio::any_io_executor loop, time_source& time) -> task<result<void>> {
            auto opt = how.peers.client();
            return look_at_one(
                std::move(loop), time, std::move(opt), places[i], how.peers.ingestors[i], out
            );
        });
}

}  // namespace falconer::cli

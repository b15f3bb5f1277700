// A channel in a process of its own: tells a receiver what comes on standard input, and prints what
// came of it. For tests with real receivers.
#include "alerts/channels/receiver.hpp"
#include "falconer/steady_time_source.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace falconer::alerts {
namespace {

task<void> tell(alert_channel& through, notification what, int& status) {
    auto        answer  = co_await through.deliver(std::move(what));
    const char* outcome = "never";
    if (answer.what == delivery_answer::outcome::delivered) outcome = "delivered";
    if (answer.what == delivery_answer::outcome::again) outcome = "again";
    std::cout << outcome << ' ' << answer.said << std::endl;
    status = answer.what == delivery_answer::outcome::delivered ? 0 : 1;
}

/// alert_probe RECEIVER: a receiver as in the configuration, in YAML.
int probe(const std::string& yaml) {
    const auto parsed = parse_yaml(yaml);
    if (!parsed) return std::cerr << parsed.error().detail << std::endl, 2;
    field_problems problems;
    const auto     whom = read_receiver(*parsed, "receiver", problems);
    for (const auto& each : problems) std::cerr << each.text() << std::endl;
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    auto              what = notification_of(text);
    if (!what) std::cerr << what.error().detail << std::endl;
    if (!problems.empty() || !what) return 2;

    asio::io_context   loop{1};
    steady_time_source time(loop.get_executor());
    auto               http = net::make_http_client(loop.get_executor(), time, {});
    if (!http) return std::cerr << http.error().detail << std::endl, 2;
    const channel_tools tools{.http = **http, .time = time};
    auto                channel = make_channel(whom, tools);
    if (!channel) return std::cerr << channel.error().detail << std::endl, 2;
    int status = 2;
    asio::co_spawn(loop, tell(**channel, std::move(*what), status), [&](std::exception_ptr why) {
        if (why) status = 2;
        loop.stop();
    });
    loop.run();
    return status;
}

}  // namespace
}  // namespace falconer::alerts

int main(int count, char** words) {
    if (count == 2) return falconer::alerts::probe(words[1]);
    std::cerr << "usage: alert_probe RECEIVER <NOTIFICATION" << std::endl;
    return 2;
}

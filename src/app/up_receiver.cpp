#include "up_receiver.hpp"

#include "alerts/channels/words.hpp"
#include "listeners.hpp"

#include <unistd.h>

#include <fstream>
#include <iostream>

namespace falconer::app {
namespace {

constexpr auto rules = R"(
defaultReceivers: [demo]
receivers:
  - name: demo
    perMinute: 600
    webhook: {url: "http://%/"}
rules:
  - name: Critical in the demo
    description: What falconer up shows of alerts; yours are in the section alerts of a configuration.
    filter: priority>=critical
    groupBy: [project, rule]
    bundleBy: [project]
    severity: critical
    wait: 5s
)";

net::http_server::options of_this_machine() {
    net::http_server::options opt;
    opt.connections = 16;
    return opt;
}

/// "2026-03-10T12:00:00Z  alert  …": whatever others have written into it is one line.
std::string line_of(const alerts::notification& what, utc_time now) {
    std::string facts;
    if (!what.alerts.empty())
        for (const auto& each : alerts::facts_of(what.alerts.front()))
            facts += "  " + each.name + "=" + each.value;
    const auto text = text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(now)));
    return text + "  " + std::string(name_of(what.level)) + "  " +
           alerts::shortened(alerts::one_line(alerts::headline(what)) + facts, 400);
}

}  // namespace

up_receiver::up_receiver(asio::any_io_executor loop, time_source& time, std::filesystem::path log)
    : time_(time), log_(std::move(log)),
      endpoint_("demo receiver", std::move(loop), time, of_this_machine(), *this) {}

result<void> up_receiver::start() {
    return endpoint_.start({asio::ip::address_v4::loopback(), 0});
}

alerts_configuration up_receiver::alerts() const {
    const auto  here = endpoint_text({asio::ip::address_v4::loopback(), endpoint_.port()});
    std::string text = rules;
    text.replace(text.find('%'), 1, here);
    field_problems problems;
    const auto     section = parse_yaml(text);
    return read_alerts(section ? *section : value(), problems);
}

std::string up_receiver::greeting() const {
    return "  alerts    appear here, and in " + log_.string() + "\n";
}

task<net::http_response> up_receiver::handle(net::http_request request) {
    net::http_response answer;
    const auto         what = alerts::notification_of(request.body);
    if (!what) {
        answer.status = 400;
        co_return answer;
    }
    const auto line = line_of(*what, time_.utc());
    std::cout << (::isatty(STDOUT_FILENO) == 1 ? "\r\x1b[K" : "") << "alert  " << line << std::endl;
    std::ofstream(log_, std::ios::app) << line << '\n';
    co_return answer;
}

}  // namespace falconer::app

// A receiver of alerts on this machine, so that one can see them.
#pragma once

#include "alerts_configuration.hpp"
#include "falconer/net/http_handler.hpp"
#include "http_endpoint.hpp"

#include <filesystem>

namespace falconer::app {

/// What it is told is a line of the terminal and of a file. Lifetime: stop() before destruction.
class up_receiver final : public net::http_handler {
public:
    up_receiver(asio::any_io_executor loop, time_source& time, std::filesystem::path log);

    /// Errors: those of listening.
    result<void> start();
    task<void>   stop() { return endpoint_.stop(); }

    /// A rule that the demo's events match, and those that come with Falconer, leading here.
    alerts_configuration alerts() const;
    std::string          greeting() const;

    task<net::http_response> handle(net::http_request request) override;

private:
    time_source&          time_;
    std::filesystem::path log_;
    http_endpoint         endpoint_;
};

}  // namespace falconer::app

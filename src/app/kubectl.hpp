// Which kubectl can be used with the sandbox.
#pragma once

#include "falconer/task.hpp"
#include "falconer/time_source.hpp"

#include <asio/any_io_executor.hpp>

#include <string>
#include <string_view>

namespace falconer::app {

/// Whether what `kubectl version --client -o json` said is 1.30 or newer.
bool is_usable_kubectl(std::string_view said);

/// How to call it: the machine's, if it is new enough, else the script that brings one.
task<std::string> usable_kubectl(asio::any_io_executor loop, time_source& time);

}  // namespace falconer::app

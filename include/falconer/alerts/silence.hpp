// Silences: what nobody wants to hear of for a while.
#pragma once

#include "falconer/ids.hpp"
#include "falconer/time_source.hpp"

#include <string>

namespace falconer::alerts {

/// Finds alerts by their latest event. Alerts that it finds go on, and are told where they still do
/// when it ends.
struct silence {
    uuid        id{};
    std::string project{};  // whose alerts; empty: everybody's
    std::string what{};     // in the filter language; empty: all of them
    std::string who{}, reason{};
    utc_time    from{}, until{};
};

}  // namespace falconer::alerts

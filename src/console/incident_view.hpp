// Incidents as the API reads and writes them.
#pragma once

#include "falconer/ports/incident_desk.hpp"
#include "falconer/value.hpp"
#include "wire.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace falconer::console {

/// The last so many steps of whole hours until now, for incidents' counts over time.
struct hour_steps {
    utc_time           since{};
    std::chrono::hours step{6};
    std::size_t        count = 0;

    static hour_steps until(utc_time now, std::chrono::hours step, std::size_t count);
};

void write_incident(json_text_writer& json, const incident& is, const hour_steps& steps);

/// A search's parameters. `who` and `now` are the asker's.
std::variant<incident_search, problem> incident_search_of(
    const address& where, const readable_clusters& who, utc_time now
);

/// What shall be made of which incidents.
std::variant<incident_order, problem> incident_order_of(
    std::string_view body, const std::string& who
);

}  // namespace falconer::console

// Events as the API and its files show them.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "falconer/ports/triage_desk.hpp"
#include "wire.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace falconer::console {

/// Which output fields come along. Every one, if it says so.
struct wanted_fields {
    bool                     all = false;
    std::vector<std::string> names{};
};
/// Of the parameter `fields`.
wanted_fields fields_of(const std::optional<std::string>& text);

/// What is kept of an event: the bytes that were sent, or the values in them.
enum class exactness { bytes, values };

std::string time_text(utc_time t);

void write_cluster(json_text_writer& json, const cluster_name& name);
/// How events stand, for a moment; borrows.
struct standing_view {
    const assessments& all;
    utc_time           now;
};
void write_summary(
    json_text_writer& json, const found_event& event, const wanted_fields& fields,
    const standing_view& standing
);
void write_whole(
    json_text_writer& json, const found_event& event, exactness how, const standing_view& standing
);

/// As Falcosidekick posts it; with `ours`, what Falconer knows of it comes along as `falconer`.
std::string sidekick_json(const found_event& event, bool ours);

/// The first line of a CSV file, and an event's. Source: RFC 4180; a cell that a spreadsheet would
/// take for a formula gets a quote before it.
std::string csv_head(const wanted_fields& fields);
std::string csv_line(const found_event& event, const wanted_fields& fields);

}  // namespace falconer::console

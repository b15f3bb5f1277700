// A record that no store takes, as a line for people and their tools.
#pragma once

#include "falconer/event.hpp"

#include <string>
#include <string_view>

namespace falconer::ingest {

/// One JSON object and a newline. Of every record: `kind` (event, body, tally), `cluster`,
/// `received` and `why`; of an event its `uuid` and, like of a body, the `body` as the sender wrote
/// it, a text that may be posted again; of a tally `cause`, `rule`, `priority` and `count`.
std::string dead_letter_line(const ingest_record& record, std::string_view why);

}  // namespace falconer::ingest

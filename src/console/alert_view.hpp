// Alert rules, silences and alerts as the API reads and writes them.
#pragma once

#include "falconer/ports/alert_desk.hpp"
#include "falconer/ports/alert_previews.hpp"
#include "falconer/ports/event_queries.hpp"
#include "falconer/value.hpp"
#include "wire.hpp"

#include <string>
#include <variant>

namespace falconer::console {

/// Whether rules, silences and alerts of a project are somebody's to see. Empty: the operators'.
/// `since`: when they were made; a project of that name may have begun later.
bool is_theirs(const readable_clusters& who, const std::string& project, utc_time since);

void write_rule(json_text_writer& json, const alerts::kept_rule& is);
void write_silence(json_text_writer& json, const alerts::silence& is, utc_time now);
void write_alert(json_text_writer& json, const alerts::standing_alert& is);
void write_change(json_text_writer& json, const alerts::alert_change& is);
void write_preview(json_text_writer& json, const alerts::alert_preview& is);

/// Of `{"project": …, "rule": {…}}`, with all that is wrong with it.
std::variant<alerts::alert_rule, problem> rule_in(const value& body, utc_time now);

/// `{"project": …, "filter": …, "reason": …, "from": …, "until": …}`, of at most ninety days.
std::variant<alerts::silence, problem> silence_in(const value& body, utc_time now);

}  // namespace falconer::console

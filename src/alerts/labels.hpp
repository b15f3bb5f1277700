// What tells alerts of a rule apart.
#pragma once

#include "falconer/alerts/notification.hpp"
#include "rule_set.hpp"

#include <optional>
#include <string>
#include <vector>

namespace falconer::alerts {

/// What an event has in a field, as text, at most `longest_label` bytes; of several texts the
/// first. Nothing: it has none.
std::optional<std::string> field_text(const filter::field& where, const filter::subject& in);

/// Of the rule's fields; an empty text where the event has none.
label_set labels_of(const ready_rule& rule, const filter::subject& in);

/// Of the same rule and labels always the same.
uuid alert_id(const uuid& rule, const label_set& labels);
uuid bundle_id(const uuid& rule, const std::string& receiver, const label_set& labels);
/// `born`: of the bundle, which may come anew when it was gone.
uuid notification_key(const uuid& bundle, utc_time born, std::int64_t number);

/// Cut behind at most so many bytes, between code points.
std::string cut(std::string_view text, std::size_t bytes);

}  // namespace falconer::alerts

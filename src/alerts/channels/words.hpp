// What all channels say of a notification, as plain text: each channel escapes it as it must.
#pragma once

#include "falconer/alerts/notification.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::alerts {

/// `text` as valid UTF-8 in one line: control characters become blanks, bytes that are no UTF-8
/// become U+FFFD, and characters that turn the direction of writing, with which a text can be made
/// to look like another one, are left out.
std::string one_line(std::string_view text);

/// At most so many bytes of valid UTF-8, cut between two characters; what was cut ends in "…".
std::string shortened(std::string text, std::size_t bytes);

/// Whether it can stand behind a link: http or https, of printable ASCII without what ends a link
/// in one of the channels' markups.
bool is_link(std::string_view text);

struct fact {
    std::string name{}, value{};  // one line each
};

/// What an alert is, for people: its labels, how often, since when, and its latest event.
std::vector<fact> facts_of(const told_alert& alert);

/// "firing", "resolved".
std::string_view state_of(const told_alert& alert);

/// "Test: ", "Resolved: ", "Still: " and the title; `own`: a title to take instead of ours.
std::string headline(const notification& what, std::string_view own = {});

/// "and 3 more"; empty: `shown` are all.
std::string and_more(const notification& what, std::size_t shown);

/// The text that `body` makes with as many alerts, at most `most`, as let it be `bytes` long; with
/// none it may be longer.
std::string fitting(
    const notification& what, std::size_t most, std::size_t bytes,
    const std::function<std::string(std::size_t alerts)>& body
);

/// RFC 3339 in UTC, to the second.
std::string time_text(utc_time t);

}  // namespace falconer::alerts

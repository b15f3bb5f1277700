// Assessments, actions and suppressions as the API reads and writes them.
#pragma once

#include "falconer/ports/triage_desk.hpp"
#include "falconer/value.hpp"
#include "wire.hpp"

#include <string>
#include <variant>

namespace falconer::console {

/// `is`: null, where nobody has ever assessed it.
void write_assessment(json_text_writer& json, const assessment* is, utc_time now);
/// `with_filter`: else it is kept back, because it may tell of others' events.
void write_action(json_text_writer& json, const triage_action& is, bool with_filter);
void write_suppression(json_text_writer& json, const suppression& is, utc_time now);

/// A text of a body; nothing given (or null): nothing. Counts characters.
std::variant<std::optional<std::string>, problem> text_in(
    const value& body, std::string_view name, std::size_t most
);
/// A moment to come, at most so far ahead.
std::variant<std::optional<utc_time>, problem> expiry_in(
    const value& body, utc_time now, std::chrono::days most
);
/// The id that the asker gave his action, or a new one.
std::variant<uuid, problem> action_id_in(const value& body);

/// What shall be done to which events, all but the events of a filter.
struct assess_request {
    assess_order           order{};
    std::optional<address> filter{};  // its parameters, as a question would have them
};
std::variant<assess_request, problem> assess_request_of(
    std::string_view body, const std::string& who, utc_time now
);

}  // namespace falconer::console

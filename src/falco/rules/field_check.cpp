#include "field_check.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>

namespace falconer::falco::rules {
namespace {

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string how_to_give(const field_info& is, std::string_view name) {
    const std::string field(name);
    if (is.dotted) return field + ".NAME";
    return is.index && !is.key ? field + "[0]" : field + "[NAME]";
}

void check_argument(
    const field_table::found& found, const std::optional<std::string>& argument,
    const falco_release& release, std::vector<field_complaint>& complaints
) {
    const auto&       is = *found.is;
    const std::string name(found.name);
    if (!argument && found.dotted.empty()) {
        if (is.required)
            complaints.push_back(
                {.at   = name.size(),
                 .what = "'" + name + "' needs an argument: " + how_to_give(is, name)}
            );
        return;
    }
    const bool index = is.takes_index_in(release);
    if (argument && !index && !is.key && !is.dotted)
        complaints.push_back(
            {.at   = name.size(),
             .what = "'" + name + "' takes no argument" +
                     (is.index ? " in Falco " + release.version : "")}
        );
    else if (argument && is.index && !is.key && !is_number(*argument))
        complaints.push_back(
            {.at = name.size(),
             .what =
                 "the argument of '" + name + "' is a number, not '" + in_one_line(*argument) + "'"}
        );
}

void check_meaning(
    const field_table::found& found, const falco_release& release,
    std::vector<field_complaint>& complaints
) {
    const auto& table = field_table::known();
    if (found.name == "evt.type.is" && !found.dotted.empty() && !table.is_event(found.dotted))
        complaints.push_back(
            {.at   = found.name.size() + 1,
             .what = "there is no event '" + std::string(found.dotted) + "'" +
                     table.near_event(found.dotted)}
        );
    if ((found.name == "evt.arg" || found.name == "evt.rawarg") && !found.dotted.empty() &&
        !table.is_argument(found.dotted)) {
        const auto near = table.near_argument(found.dotted);
        complaints.push_back(
            {.error = false,
             .at    = found.name.size() + 1,
             .what  = "no event that is known has an argument '" + std::string(found.dotted) + "'" +
                     near}
        );
    }
    if (found.is->deprecated && release.number >= *found.is->deprecated)
        complaints.push_back(
            {.error = false, .what = "'" + std::string(found.name) + "' is deprecated"}
        );
}

}  // namespace

checked_field check_field(
    std::string_view source, std::string_view name, const std::optional<std::string>& argument,
    const falco_release& release
) {
    const auto&   table = field_table::known();
    checked_field checked;
    checked.is = table.find(source, name);
    if (!checked.is) {
        if (const auto* other = table.stranger_in(release)) {
            checked.complaints.push_back(
                {.error   = false,
                 .unknown = true,
                 .what    = "'" + in_one_line(name) + "' is no field that is known here; whether " +
                         "the plug-in '" + in_one_line(other->name) + "' has it cannot be said"}
            );
            return checked;
        }
        checked.complaints.push_back(
            {.unknown = true,
             .what    = "source '" + in_one_line(source) + "' has no field '" + in_one_line(name) +
                     "'" + table.near_field(source, name)}
        );
        return checked;
    }
    if (!checked.is->is->is_known_to(release)) {
        const bool later = checked.is->is->since && release.number < *checked.is->is->since;
        checked.complaints.push_back(
            {.unknown = true,
             .what    = "Falco " + release.version + " has no field '" +
                     std::string(checked.is->name) +
                     (later ? "'; later versions have it" : "'; earlier versions had it")}
        );
        return checked;
    }
    const auto& plugin = checked.is->is->plugin;
    // A rule whose source nobody brings is skipped before its fields are looked at.
    if (!plugin.empty() && release.has_events_of(source) && release.find_plugin(plugin) == nullptr)
        checked.complaints.push_back(
            {.unknown = true,
             .what    = "'" + std::string(checked.is->name) + "' is a field of the plug-in '" +
                     plugin + "', which is not loaded"}
        );
    check_argument(*checked.is, argument, release, checked.complaints);
    check_meaning(*checked.is, release, checked.complaints);
    return checked;
}

std::size_t check_output_field(
    const rule_definition& rule, std::string_view name, std::string_view text,
    const falco_release& release, std::size_t at, problem_list& problems
) {
    const auto tell = [&](const field_complaint& what) {
        const auto place = rule.output.find(at);
        if (what.error && !(what.unknown && rule.skips_unknown))
            problems.error(place, what.what);
        else
            problems.warning(place, what.what);
    };
    const auto found = field_table::known().find_prefix(rule.source, name);
    if (!found) {
        for (const auto& each : check_field(rule.source, name, std::nullopt, release).complaints)
            tell(each);
        return 0;
    }
    // Text may follow the field at once: "%proc.name.".
    auto size = found->name.size() + (found->dotted.empty() ? 0 : found->dotted.size() + 1);
    std::optional<std::string> argument;
    if (size == name.size() && (found->is->takes_index_in(release) || found->is->key)) {
        syntax_error wrong;
        auto         read = argument_at(text.substr(size), wrong);
        if (!read) {
            tell({.what = wrong.what});
            return size;
        }
        argument  = std::move(read->is);
        size     += read->size;
    }
    const auto whole = found->dotted.empty()
                           ? std::string(found->name)
                           : std::string(found->name) + '.' + std::string(found->dotted);
    for (const auto& each : check_field(rule.source, whole, argument, release).complaints)
        tell(each);
    if (size < name.size() && name[size] == '.')
        tell(
            {.error = false,
             .what  = "there is no field '" + in_one_line(name) + "', so it is '" + whole +
                     "' with a text behind it" + field_table::known().near_field(rule.source, name)}
        );
    if (found->is->condition_only)
        tell({.error = false, .what = "'" + whole + "' says something only in conditions"});
    return size;
}

}  // namespace falconer::falco::rules

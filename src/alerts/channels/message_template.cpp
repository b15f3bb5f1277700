#include "message_template.hpp"

#include "falconer/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace falconer::alerts {
namespace {

using getter = std::string (*)(const notification&);

struct field_row {
    std::string_view name;
    getter           get;
};

template <std::string told_alert::* Member>
std::string of_newest(const notification& n) {
    return n.alerts.empty() ? std::string{} : n.alerts.front().*Member;
}

constexpr std::array fields{
    field_row{"title", [](const notification& n) { return n.title; }},
    field_row{"level", [](const notification& n) { return std::string(name_of(n.level)); }},
    field_row{
        "state",
        [](const notification& n) { return std::string(n.resolved ? "resolved" : "firing"); }
    },
    field_row{"project", [](const notification& n) { return n.project; }},
    field_row{"receiver", [](const notification& n) { return n.receiver; }},
    field_row{
        "count", [](const notification& n) { return std::to_string(n.alerts.size() + n.left_out); }
    },
    field_row{"rule", of_newest<&told_alert::rule>},
    field_row{"summary", of_newest<&told_alert::summary>},
    field_row{"runbook", of_newest<&told_alert::runbook>},
};

constexpr std::string_view label_prefix = "labels.";

const field_row* find_field(std::string_view name) {
    const auto* found = std::ranges::find(fields, name, &field_row::name);
    return found == fields.end() ? nullptr : found;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

}  // namespace

result<message_template> message_template::parse(std::string_view text) {
    const auto bad = [](std::string why) { return failure{errc::malformed, std::move(why)}; };
    if (text.size() > longest_template)
        return bad("is longer than " + std::to_string(longest_template) + " bytes");
    if (!is_utf8(text)) return bad("is not UTF-8");
    message_template made;
    while (!text.empty()) {
        const auto open = text.find("{{");
        if (open != 0) made.parts_.push_back({false, std::string(text.substr(0, open))});
        if (open == text.npos) break;
        text.remove_prefix(open + 2);
        const auto close = text.find("}}");
        if (close == text.npos) return bad("has {{ without }}");
        const auto name = trimmed(text.substr(0, close));
        text.remove_prefix(close + 2);
        const bool label = name.starts_with(label_prefix) && name.size() > label_prefix.size();
        if (!label && find_field(name) == nullptr)
            return bad("has a field that there is not: '" + excerpt(name) + "'");
        made.parts_.push_back({true, std::string(name)});
    }
    return made;
}

std::string message_template::filled(const notification& what) const {
    std::string out;
    for (const auto& each : parts_) {
        if (!each.field) {
            out += each.text;
        } else if (const auto* row = find_field(each.text)) {
            out += row->get(what);
        } else {
            const auto found =
                what.labels.find(std::string_view(each.text).substr(label_prefix.size()));
            if (found != what.labels.end()) out += found->second;
        }
    }
    return out;
}

}  // namespace falconer::alerts

#include "selector.hpp"

#include "falconer/spelling.hpp"
#include "shape.hpp"

#include <algorithm>

namespace falconer::sandbox {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

/// At commas that are not within parentheses.
std::vector<std::string_view> parts_of(std::string_view text) {
    std::vector<std::string_view> parts;
    int                           depth = 0;
    std::size_t                   from  = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        if (at == text.size() || (text[at] == ',' && depth == 0)) {
            if (const auto part = trimmed(text.substr(from, at - from)); !part.empty())
                parts.push_back(part);
            from = at + 1;
        } else if (text[at] == '(') {
            ++depth;
        } else if (text[at] == ')') {
            --depth;
        }
    }
    return parts;
}

/// "a.b\.c": the field c.d of a. Nothing: it is not there, or no text.
const std::string* field_of(const value& object, std::string_view path) {
    const auto* at = &object;
    while (!path.empty() && at != nullptr) {
        const auto dot = std::min(path.find('.'), path.size());
        at             = at->find(path.substr(0, dot));
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return at == nullptr ? nullptr : at->text();
}

}  // namespace

result<api_selector::requirement> api_selector::parse_label(std::string_view text) {
    const auto wrong = [&] {
        return failure{errc::malformed, "unable to parse requirement: " + in_one_line(text)};
    };
    if (text.ends_with(')')) {
        const auto open  = text.find('(');
        const auto words = trimmed(text.substr(0, std::min(open, text.size())));
        const auto space = words.rfind(' ');
        if (open == std::string_view::npos || space == std::string_view::npos) return wrong();
        const auto  how = words.substr(space + 1);
        requirement is{.key = std::string(trimmed(words.substr(0, space)))};
        if (how != "in" && how != "notin") return wrong();
        is.is = how == "in" ? relation::in : relation::not_in;
        for (const auto each : parts_of(text.substr(open + 1, text.size() - open - 2)))
            is.values.emplace(each);
        return is;
    }
    if (text.starts_with('!'))
        return requirement{.key = std::string(trimmed(text.substr(1))), .is = relation::not_there};
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return requirement{.key = std::string(text)};
    const bool negated = equals > 0 && text[equals - 1] == '!';
    auto       rest    = text.substr(equals + 1);
    if (rest.starts_with('=')) rest.remove_prefix(1);
    requirement is{
        .key = std::string(trimmed(text.substr(0, negated ? equals - 1 : equals))),
        .is  = negated ? relation::not_in : relation::in,
    };
    if (is.key.empty()) return wrong();
    is.values.emplace(trimmed(rest));
    return is;
}

result<api_selector> api_selector::parse(std::string_view labels, std::string_view fields) {
    api_selector made;
    if (labels.find(",,") != labels.npos)
        return failure{errc::malformed, "found ',', expected: identifier after ','"};
    for (const auto part : parts_of(labels)) {
        auto is = parse_label(part);
        if (!is) return std::move(is).error();
        if (!can_be_a_label(*is))
            return failure{errc::malformed, "unable to parse requirement: " + in_one_line(part)};
        made.labels_.push_back(std::move(*is));
    }
    for (const auto part : parts_of(fields)) {
        auto is = parse_label(part);
        if (!is) return std::move(is).error();
        if (is->values.empty() || part.ends_with(')'))
            return failure{errc::malformed, "not a field selector: " + in_one_line(part)};
        made.fields_.push_back(std::move(*is));
    }
    return made;
}

bool api_selector::can_be_a_label(const requirement& is) {
    return is_qualified_name(is.key) && std::ranges::all_of(is.values, is_label_value);
}

std::vector<std::string> api_selector::fields() const {
    std::vector<std::string> all;
    for (const auto& each : fields_) all.push_back(each.key);
    return all;
}

bool api_selector::holds(const requirement& wanted, const std::string* found) {
    switch (wanted.is) {
        case relation::there: return found != nullptr;
        case relation::not_there: return found == nullptr;
        case relation::in: return found != nullptr && wanted.values.contains(*found);
        case relation::not_in: return found == nullptr || !wanted.values.contains(*found);
    }
    return false;
}

bool api_selector::matches(const value& object) const {
    const auto* const labels = object.find_path({"metadata", "labels"});
    for (const auto& each : labels_) {
        const auto* const found = labels == nullptr ? nullptr : labels->find(each.key);
        if (!holds(each, found == nullptr ? nullptr : found->text())) return false;
    }
    return std::all_of(fields_.begin(), fields_.end(), [&](const auto& each) {
        const auto* const found = field_of(object, each.key);
        // An empty field and one that is missing are the same.
        static const std::string none;
        return holds(each, found == nullptr ? &none : found);
    });
}

}  // namespace falconer::sandbox

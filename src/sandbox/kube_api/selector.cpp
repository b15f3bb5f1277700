#include "selector.hpp"

#include "falconer/spelling.hpp"
#include "label_parser.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace falconer::sandbox {
namespace {

using relation = api_requirement::relation;

/// At commas that nothing stands before to take their meaning away.
std::vector<std::string_view> terms_of(std::string_view text) {
    std::vector<std::string_view> terms;
    std::size_t                   from = 0;
    for (std::size_t at = 0;; ++at) {
        const bool escapes = at < text.size() && text[at] == '\\';
        if (escapes && ++at < text.size()) continue;
        if (at < text.size() && text[at] != ',') continue;
        const auto end = std::min(at, text.size());
        if (end > from) terms.push_back(text.substr(from, end - from));
        if (at >= text.size()) break;
        from = at + 1;
    }
    return terms;
}

/// Without the signs that take a meaning away. Errors: malformed.
result<std::string> plain(std::string_view text) {
    std::string made;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == ',' || text[at] == '=')
            return failure{
                errc::malformed,
                std::string("invalid field selector: unescaped character in value: ") + text[at]
            };
        if (text[at] == '\\') {
            const auto next = at + 1 < text.size() ? text[at + 1] : ' ';
            if (next != '\\' && next != ',' && next != '=')
                return failure{
                    errc::malformed, "invalid field selector: invalid escape sequence: " +
                                         in_one_line(text.substr(at, 2))
                };
            ++at;
        }
        made += text[at];
    }
    return made;
}

/// "metadata.name!=a". Source: apimachinery, pkg/fields/selector.go.
result<api_requirement> parse_field(std::string_view term) {
    const auto equals = term.find('=');
    if (equals == term.npos)
        return failure{
            errc::malformed, "invalid selector: can't understand '" + in_one_line(term) + "'"
        };
    const bool negated = equals > 0 && term[equals - 1] == '!';
    const bool doubled = !negated && term.substr(equals + 1).starts_with('=');
    auto       wanted  = plain(term.substr(equals + (doubled ? 2 : 1)));
    if (!wanted) return std::move(wanted).error();
    api_requirement made{
        .key = std::string(term.substr(0, negated ? equals - 1 : equals)),
        .is  = negated ? relation::not_in : relation::in,
    };
    made.values.insert(std::move(*wanted));
    return made;
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

result<api_selector> api_selector::parse(std::string_view labels, std::string_view fields) {
    api_selector made;
    auto         of_labels = parse_labels(labels);
    if (!of_labels) return std::move(of_labels).error();
    made.labels_ = std::move(*of_labels);
    for (const auto term : terms_of(fields)) {
        auto is = parse_field(term);
        if (!is) return std::move(is).error();
        made.fields_.push_back(std::move(*is));
    }
    return made;
}

std::vector<std::string> api_selector::fields() const {
    std::vector<std::string> all;
    for (const auto& each : fields_) all.push_back(each.key);
    return all;
}

bool api_selector::holds(const api_requirement& wanted, const std::string* found) {
    switch (wanted.is) {
        case relation::there: return found != nullptr;
        case relation::not_there: return found == nullptr;
        case relation::in: return found != nullptr && wanted.values.contains(*found);
        case relation::not_in: return found == nullptr || !wanted.values.contains(*found);
        case relation::above:
        case relation::below: {
            const auto is    = found == nullptr ? std::nullopt : whole_number(*found);
            const auto bound = whole_number(*wanted.values.begin());
            if (!is || !bound) return false;
            return wanted.is == relation::above ? *is > *bound : *is < *bound;
        }
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

// Exceptions as a rules file has them, asked about events that were told.
#include "falconer/falco/rule_exception.hpp"

#include <algorithm>
#include <utility>

namespace falconer::falco {
namespace {

/// What a condition has in quotes, or a bare word.
std::string unquoted(std::string_view text) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] != '\\' || i + 2 >= text.size()) {
            out += text[i];
            continue;
        }
        const char c  = text[++i];
        out          += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    }
    return out;
}

std::string scalar(const value& is) {
    if (const auto* text = is.text()) return unquoted(*text);
    if (const auto* number = is.numeral_text()) return *number;
    return json_text(is);
}

std::string_view only(const value& list, std::size_t at) {
    return at < list.items().size() && list.items()[at].text() != nullptr
               ? std::string_view(*list.items()[at].text())
               : std::string_view();
}

/// fnmatch()'s pattern of `*`, `?` and plain characters, as one of ours.
filter::text_pattern pattern_of(std::string_view glob) {
    std::string like;
    for (const char c : filter::lowered(glob)) {
        if (c == '%' || c == '_') like += '\\';
        like += c == '*' ? '%' : c == '?' ? '_' : c;
    }
    return {filter::text_pattern::kind::like, like};
}

bool equal(const std::string& a, const std::string& b) {
    if (filter::is_decimal(a) && filter::is_decimal(b)) return filter::compare_decimals(a, b) == 0;
    return a == b;
}

bool holds(std::string_view comparison, const std::string& is, const std::string& wanted) {
    if (comparison == "=" || comparison == "==" || comparison == "in") return equal(is, wanted);
    if (comparison == "icontains")
        return filter::lowered(is).find(filter::lowered(wanted)) != std::string::npos;
    if (comparison == "iglob") return filter::fits(pattern_of(wanted), is);
    if (!filter::is_decimal(is) || !filter::is_decimal(wanted)) return false;
    const int order = filter::compare_decimals(is, wanted);
    if (comparison == "<") return order < 0;
    if (comparison == "<=") return order <= 0;
    if (comparison == ">") return order > 0;
    return comparison == ">=" && order >= 0;
}

}  // namespace

result<exception_matcher> exception_matcher::read(std::string_view yaml) {
    const auto document = parse_yaml(yaml);
    if (!document) return failure{errc::malformed, document.error().detail};
    exception_matcher it;
    for (const auto& entry : document->items()) {
        const auto* exceptions = entry.find("exceptions");
        if (exceptions == nullptr) continue;
        for (const auto& each : exceptions->items()) {
            const auto *fields = each.find("fields"), *comparisons = each.find("comps"),
                       *rows = each.find("values");
            if (fields == nullptr || comparisons == nullptr || rows == nullptr)
                return failure{errc::malformed, "an exception without fields, comps or values"};
            for (const auto& cells : rows->items()) {
                row one{.rule = std::string(entry.text_at({"rule"}))};
                for (std::size_t i = 0; i < cells.items().size(); ++i) {
                    test is{std::string(only(*fields, i)), std::string(only(*comparisons, i))};
                    const auto& cell = cells.items()[i];
                    if (cell.is_list())
                        for (const auto& item : cell.items()) is.values.push_back(scalar(item));
                    else
                        is.values.push_back(scalar(cell));
                    one.all.push_back(std::move(is));
                }
                it.rows_.push_back(std::move(one));
            }
        }
    }
    return it;
}

exception_matcher::verdict exception_matcher::look(const test& one, const filter::subject& event) {
    std::optional<std::string> is;
    if (one.field == "evt.hostname") {
        if (event.host) is = std::string(*event.host);
    } else if (event.fields != nullptr) {
        const auto* found = event.fields->find(one.field);
        if (found == nullptr) return verdict::unknown;
        if (found->is_null()) return verdict::passes;
        is = scalar(*found);
        if (const auto* text = found->text()) is = *text;  // its quotes are its own
    }
    if (!is) return verdict::unknown;
    const bool any = std::ranges::any_of(one.values, [&](const auto& wanted) {
        return holds(one.comparison, *is, wanted);
    });
    return any ? verdict::silenced : verdict::passes;
}

exception_matcher::verdict exception_matcher::judge(const filter::subject& event) const {
    bool unsure = false;
    for (const auto& each : rows_) {
        if (each.rule != event.rule) continue;
        auto all = verdict::silenced;
        for (const auto& one : each.all) {
            const auto is = look(one, event);
            if (is == verdict::passes) {
                all = is;
                break;
            }
            if (is == verdict::unknown) all = is;
        }
        if (all == verdict::silenced) return all;
        unsure = unsure || all == verdict::unknown;
    }
    return unsure ? verdict::unknown : verdict::passes;
}

}  // namespace falconer::falco

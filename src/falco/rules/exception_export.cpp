// From a filter to alternatives of tests, and from these to the rows of an exception.
#include "falconer/falco/rule_exception.hpp"
#include "falconer/falco/rule_lint.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace falconer::falco {
namespace {

using filter::field_kind;
using filter::text_pattern;

constexpr std::size_t most_rows = 100, most_spellings = 20;

/// A column of an exception with its value, or several of which any will do.
struct cell {
    std::string              field{}, comparison{};
    std::vector<std::string> values{};
};
/// All of it.
struct alternative {
    std::vector<text_pattern> rules{};
    std::vector<cell>         cells{};
};
using alternatives = std::vector<alternative>;

constexpr std::string_view host_field = "evt.hostname";

/// The text of an output field, as Falco compares it. Nothing: there is none, or it is a list.
std::optional<std::string> text_of(const value& is) {
    if (const auto* text = is.text()) return *text;
    if (const auto* number = is.numeral_text()) return *number;
    if (const auto truth = is.boolean()) return *truth ? "true" : "false";
    return std::nullopt;
}

std::optional<std::string> text_in(const filter::subject& event, const std::string& field) {
    if (field == host_field)
        return event.host ? std::optional(std::string(*event.host)) : std::nullopt;
    const auto* is = event.fields == nullptr ? nullptr : event.fields->find(field);
    return is == nullptr ? std::nullopt : text_of(*is);
}

/// A pattern of ours as one that fnmatch() reads. Nothing: it would read it otherwise.
std::optional<std::string> glob_of(std::string_view like) {
    std::string glob;
    for (std::size_t i = 0; i < like.size(); ++i) {
        const bool escaped = like[i] == '\\' && i + 1 < like.size();
        const char c       = escaped ? like[++i] : like[i];
        if (!escaped && (c == '%' || c == '_'))
            glob += c == '%' ? '*' : '?';
        else if (std::string_view("*?[]\\()|").find(c) != std::string_view::npos)
            return std::nullopt;
        else
            glob += c;
    }
    return glob;
}

/// In quotes, as a condition has it, unless it is a number. Nothing: it cannot be written.
std::optional<std::string> written(const std::string& text) {
    if (filter::is_decimal(text)) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        switch (c) {
            case '"': quoted += "\\\""; break;
            case '\\': quoted += "\\\\"; break;
            case '\n': quoted += "\\n"; break;
            case '\r': quoted += "\\r"; break;
            case '\t': quoted += "\\t"; break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
                quoted += c;
        }
    }
    // Falco takes a quote behind a backslash for an escaped one, whatever stands before it.
    if (text.ends_with('\\')) return std::nullopt;
    return quoted + '"';
}

class translator {
public:
    explicit translator(const exception_request& how) : how_(how) {}

    alternatives of(const filter::node& what) { return std::visit(*this, what.is); }

    const std::set<std::string>& reasons() const { return reasons_; }
    const std::set<std::string>& notes() const { return notes_; }
    void                         refuse(std::string why) { reasons_.insert(std::move(why)); }

    alternatives operator()(const filter::any_of& any) {
        alternatives all;
        for (const auto& each : any.of)
            for (auto& one : of(*each)) all.push_back(std::move(one));
        return bounded(std::move(all));
    }
    alternatives operator()(const filter::all_of& whole) {
        alternatives all{{}};
        for (const auto& each : whole.of) {
            const auto   more = of(*each);
            alternatives product;
            for (const auto& left : all)
                for (const auto& right : more) {
                    product.push_back(left);
                    auto& it = product.back();
                    it.rules.insert(it.rules.end(), right.rules.begin(), right.rules.end());
                    it.cells.insert(it.cells.end(), right.cells.begin(), right.cells.end());
                    if (product.size() > most_rows) return bounded(std::move(product));
                }
            all = std::move(product);
        }
        return all;
    }
    alternatives operator()(const filter::none_of&) {
        return no("An exception cannot say what an event must not be: take '-' and NOT out.");
    }
    alternatives operator()(const filter::word_test&) {
        return no(
            "A word that may be anywhere cannot be said to Falco: name the field, such as "
            "proc.cmdline:*word*."
        );
    }
    alternatives operator()(const filter::present_test& test) {
        // Every event is of some rule.
        if (test.where.which == field_kind::rule)
            return {{.rules = {{text_pattern::kind::like, "%"}}}};
        return no("That a field is there cannot be said in an exception: give it a value.");
    }
    alternatives operator()(const filter::priority_test&) {
        return no("The priority belongs to the rule and cannot be asked for in an exception.");
    }
    alternatives operator()(const filter::flag_test&) {
        return no("Flags are Falconer's: Falco knows nothing of them.");
    }
    alternatives operator()(const filter::uuid_test&) {
        return no("A single event cannot be said in an exception.");
    }
    alternatives operator()(const filter::time_test&) {
        return no("Times cannot be said in an exception.");
    }
    alternatives operator()(const filter::number_test& test) {
        alternative one;
        const auto  add = [&](const auto& bound, const char* open, const char* closed) {
            if (bound)
                one.cells.push_back({test.name, bound->included ? closed : open, {bound->decimal}});
        };
        add(test.from, ">", ">=");
        add(test.to, "<", "<=");
        return {one};
    }
    alternatives operator()(const filter::text_test& test) {
        switch (test.where.which) {
            case field_kind::rule: return {{.rules = {test.what}}};
            case field_kind::cluster:
            case field_kind::project:
            case field_kind::shoot:
            case field_kind::landscape:
                notes_.insert(
                    "Falco does not know which cluster it runs in: deliver this only to "
                    "the clusters that the filter names."
                );
                return {{}};
            case field_kind::host: return compared(std::string(host_field), test.what);
            case field_kind::output_field: return compared(test.where.name, test.what);
            case field_kind::workload:
                return no(
                    "Falconer makes the workload of the pod's name: ask for the pod instead, "
                    "such as pod:web-*."
                );
            case field_kind::tag: return no("Tags belong to the rule: name the rule instead.");
            case field_kind::source:
                return no("The source belongs to the rule: name the rule instead.");
            case field_kind::output:
                return no(
                    "The message is made of fields when Falco has decided already: ask for "
                    "the fields in it."
                );
            default: return no("This cannot be said in an exception.");
        }
    }

private:
    alternatives no(std::string why) {
        refuse(std::move(why));
        return {};
    }
    alternatives bounded(alternatives all) {
        if (all.size() > most_rows) {
            refuse(
                "These are more than " + std::to_string(most_rows) +
                " alternatives: split the filter."
            );
            all.clear();
        }
        return all;
    }
    /// As the sample spells it.
    std::vector<std::string> spellings(const std::string& field, const text_pattern& what) const {
        std::set<std::string> all;
        for (const auto& each : how_.sample) {
            const auto text = text_in(each, field);
            if (text && filter::fits(what, *text) && all.size() < most_spellings) all.insert(*text);
        }
        return {all.begin(), all.end()};
    }
    alternatives compared(const std::string& field, const text_pattern& what) {
        cell one{.field = field};
        switch (what.how) {
            case text_pattern::kind::contains:
                one.comparison = "icontains";
                one.values     = {what.text};
                break;
            case text_pattern::kind::equal:
                one.values = spellings(field, what);
                if (one.values.empty()) {
                    one.values = {what.text};
                    notes_.insert(
                        "No event of the preview has '" + what.text + "' in " + field +
                        ": whether Falco spells it so is not known."
                    );
                }
                one.comparison = one.values.size() == 1 ? "=" : "in";
                break;
            case text_pattern::kind::like: {
                const auto glob = glob_of(what.text);
                if (!glob)
                    return no(
                        "The pattern for " + field +
                        " has characters that Falco's patterns read otherwise."
                    );
                const auto inner =
                    glob->size() > 2 && glob->starts_with('*') && glob->ends_with('*')
                        ? glob->substr(1, glob->size() - 2)
                        : std::string();
                const bool plain = !inner.empty() && inner.find_first_of("*?") == inner.npos;
                one.comparison   = plain ? "icontains" : "iglob";
                one.values       = {plain ? inner : *glob};
            }
        }
        for (auto& each : one.values) {
            auto text = written(each);
            if (!text) return no("The value of " + field + " cannot be written in a rules file.");
            each = std::move(*text);
        }
        return {{.cells = {std::move(one)}}};
    }

    const exception_request& how_;
    std::set<std::string>    reasons_{}, notes_{};
};

/// The rules of the sample that an alternative is about.
std::set<std::string> rules_of(const alternative& one, const exception_request& how) {
    std::set<std::string> all;
    for (const auto& each : how.sample) {
        const bool fit = std::ranges::all_of(one.rules, [&](const auto& pattern) {
            return filter::fits(pattern, each.rule);
        });
        if (fit) all.emplace(each.rule);
    }
    return all;
}

/// Rows that have the same columns.
struct table {
    std::vector<std::string>        fields{}, comparisons{};
    std::vector<std::vector<value>> rows{};
};
using tables = std::map<std::string, std::vector<table>>;  // by rule

void add_row(std::vector<table>& to, const alternative& one) {
    table is;
    is.rows.emplace_back();
    for (const auto& each : one.cells) {
        is.fields.push_back(each.field);
        is.comparisons.push_back(each.comparison);
        if (each.comparison != "in") {
            is.rows.front().push_back(each.values.front());
            continue;
        }
        auto list = value::list();
        for (const auto& text : each.values) list.push_back(text);
        is.rows.front().push_back(std::move(list));
    }
    const auto same = std::ranges::find_if(to, [&](const auto& had) {
        return std::tie(had.fields, had.comparisons) == std::tie(is.fields, is.comparisons);
    });
    if (same == to.end())
        to.push_back(std::move(is));
    else
        same->rows.push_back(std::move(is.rows.front()));
}

value list_of(const std::vector<std::string>& texts) {
    auto list = value::list();
    for (const auto& each : texts) list.push_back(each);
    return list;
}

/// U+0085, U+2028 and U+2029 end a line, and with it a comment, for YAML 1.1.
/// Source: https://yaml.org/spec/1.1/#id871136
std::string comment_line(std::string text) {
    for (auto& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    for (const std::string_view end : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"})
        for (auto at = text.find(end); at != text.npos; at = text.find(end, at))
            text.replace(at, end.size(), " ");
    return "# " + text + "\n";
}

std::string yaml_of(const tables& all, const exception_request& how) {
    auto document = value::list();
    for (const auto& [rule, its] : all) {
        auto exceptions = value::list();
        for (std::size_t i = 0; i < its.size(); ++i) {
            auto rows = value::list();
            for (const auto& row : its[i].rows) {
                auto cells = value::list();
                for (const auto& each : row) cells.push_back(each);
                rows.push_back(std::move(cells));
            }
            exceptions.push_back(value{
                {"name", how.name + (i == 0 ? "" : "_" + std::to_string(i + 1))},
                {"fields", list_of(its[i].fields)},
                {"comps", list_of(its[i].comparisons)},
                {"values", std::move(rows)}
            });
        }
        document.push_back(value{
            {"rule", rule},
            {"exceptions", std::move(exceptions)},
            {"override", value{{"exceptions", "append"}}}
        });
    }
    std::string text;
    for (const auto& each : how.comments) text += comment_line(each);
    return text + yaml_text(document);
}

/// Rules of these names, of the sources of their events: an exception can only be judged as Falco
/// loads it, behind the rule that it changes.
std::string stand_ins(const tables& all, const exception_request& how) {
    auto document = value::list();
    for (const auto& [rule, its] : all) {
        const auto seen = std::ranges::find(how.sample, rule, &filter::subject::rule);
        const bool said = seen != how.sample.end() && seen->source;
        document.push_back(value{
            {"rule", rule},
            {"desc", rule},
            {"condition", "evt.num >= 0"},
            {"output", "any"},
            {"priority", "NOTICE"},
            {"source", said ? std::string(*seen->source) : "syscall"}
        });
    }
    return yaml_text(document);
}

}  // namespace

std::variant<exported_exception, untranslatable> export_exception(
    const filter::node& what, const exception_request& how
) {
    translator         by(how);
    const auto         all = by.of(what);
    tables             its;
    exported_exception made;
    for (const auto& each : all) {
        if (!by.reasons().empty()) break;
        if (each.rules.empty())
            by.refuse(
                "An exception belongs to a rule: name it in the filter, such as "
                "rule:\"Terminal shell in container\"."
            );
        else if (each.cells.empty())
            by.refuse(
                "Nothing but the rule is named: an exception would switch it off. Disable the "
                "rule instead, or say more of what is to be silenced."
            );
        const auto rules = rules_of(each, how);
        if (rules.empty())
            by.refuse("No event of the preview is of that rule: its exact name is not known.");
        for (const auto& rule : rules) add_row(its[rule], each);
    }
    if (by.reasons().empty()) {
        made.yaml = yaml_of(its, how);
        for (const auto& [rule, rows] : its) made.rules.push_back(rule);
        made.notes.assign(by.notes().begin(), by.notes().end());
        const std::vector<rule_file> files{
            {"rules.yaml", stand_ins(its, how)}, {how.name + ".yaml", made.yaml}
        };
        for (const auto& each :
             lint_rules(files, 1, {.falco_version = how.falco_version, .others_unseen = true})) {
            if (each.is == rule_severity::error)
                by.refuse("Falco would refuse it: " + each.message + ".");
            else
                made.notes.push_back(each.message + ".");
        }
    }
    if (!by.reasons().empty()) return untranslatable(by.reasons().begin(), by.reasons().end());
    return made;
}

}  // namespace falconer::falco

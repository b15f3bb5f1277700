#include "rule_checks.hpp"

#include "comparison_check.hpp"
#include "condition_facts.hpp"
#include "falconer/spelling.hpp"
#include "output_template.hpp"
#include "rule_exceptions.hpp"

#include <algorithm>

namespace falconer::falco::rules {
namespace {

/// Falco warns of rules that look at more events than these.
constexpr std::size_t most_events = 100;
constexpr int         deepest     = 200;  // macros in macros
/// Comparisons that are thought through in one go, many times what all standard rules have. More
/// are a file that somebody has made to keep us busy.
constexpr std::size_t most_judged = 30'000;

template <class Then>
void for_each_leaf(const expression& is, Then&& then) {
    if (is.is == expression::kind::check || is.is == expression::kind::macro) return then(is);
    for (const auto& part : is.parts) for_each_leaf(part, then);
}

class checker {
public:
    checker(rule_book& book, const falco_release& release, problem_list& problems)
        : book_(book), release_(release), problems_(problems), lists_(book),
          comparisons_(lists_, release, problems) {}

    void run() {
        for (auto& [name, macro] : book_.macros) parse_macro(macro);
        for (auto& [name, macro] : book_.macros) check_names(macro, 0);
        for (auto& [name, rule] : book_.rules) {
            if (problems_.full()) return;
            check_rule(rule);
        }
        for (auto& [name, macro] : book_.macros) check_fields(macro);
        for (const auto& [name, list] : book_.lists) check_list(list);
        tell_unused(book_.macros, "macro");
        tell_unused(book_.lists, "list");
    }

private:
    /// False: it goes wrong, which has been told.
    bool parse(const joined_text& text, expression& into) {
        auto parsed = parse_condition(text.text());
        into        = std::move(parsed.is);
        if (parsed.wrong) problems_.error(text.find(parsed.wrong->at), parsed.wrong->what);
        return !parsed.wrong;
    }

    void parse_macro(macro_definition& macro) {
        if (!macro.condition.empty() && !parse(macro.condition, macro.tree)) macro.broken = true;
        if (macro.condition.empty()) macro.broken = true;
    }

    // --- names ---

    void tell_unknown(const expression& is, const joined_text& text) {
        std::vector<std::string_view> names;
        for (const auto& [name, macro] : book_.macros) names.push_back(name);
        auto told = "there is no macro '" + in_one_line(is.macro) + "'";
        if (book_.lists.contains(is.macro))
            told += "; '" + is.macro + "' is a list, for 'in (" + is.macro + ")'";
        else
            told += did_you_mean(is.macro, names);
        problems_.add(
            book_.others_unseen ? rule_severity::warning : rule_severity::error, text.find(is.at),
            std::move(told)
        );
    }

    /// Macros see what stands above them. Each is looked at once, whoever names it.
    void check_names(macro_definition& macro, int depth) {
        auto& state = visits_[&macro];
        if (state != visit::none || macro.broken) return;
        state = visit::open;
        for_each_leaf(macro.tree, [&](const expression& is) {
            if (is.is == expression::kind::macro && !problems_.full()) check_name(is, macro, depth);
        });
        visits_[&macro] = visit::done;
    }

    void check_name(const expression& is, macro_definition& macro, int depth) {
        const auto found = book_.macros.find(is.macro);
        if (found == book_.macros.end()) {
            tell_unknown(is, macro.condition);
            macro.broken = true;
            return;
        }
        auto& other = found->second;
        if (visits_[&other] == visit::open) {
            problems_.error(
                macro.condition.find(is.at),
                "macro '" + other.name + "' uses itself" +
                    (&other == &macro ? "" : " by way of '" + macro.name + "'")
            );
            macro.broken = true;
        } else if (other.order >= macro.visible) {
            problems_.error(
                macro.condition.find(is.at),
                "macro '" + is.macro + "' is defined only further down, " + line_of(other)
            );
        } else if (depth >= deepest) {
            problems_.error(macro.condition.find(is.at), "macros in macros, too deeply");
            macro.broken = true;
        } else {
            check_names(other, depth + 1);
        }
    }

    static std::string line_of(const definition& is) {
        return "in line " + std::to_string(is.at.at.line) + " of " + is.at.file->text.name();
    }

    // --- rules ---

    void check_rule(rule_definition& rule) {
        const bool known = field_table::known().has_source(rule.source);
        const bool there = release_.has_events_of(rule.source);
        if (!known && !there)
            problems_.skipped(
                rule.at, "source '" + in_one_line(rule.source) + "' is not known, and rule '" +
                             in_one_line(rule.name) + "' is skipped" +
                             field_table::known().near_source(rule.source)
            );
        else if (!there)
            problems_.skipped(
                rule.at, "source '" + rule.source +
                             "' is of a plug-in that is not loaded here, and rule '" +
                             in_one_line(rule.name) + "' is skipped"
            );
        if (!rule.output.empty()) check_output(rule, release_, problems_);
        if (known) check_exceptions(rule);
        if (rule.condition.empty()) return;
        expression tree;
        if (!parse(rule.condition, tree)) return;
        bool good = !rule.broken;
        for_each_leaf(tree, [&](const expression& is) {
            if (problems_.full()) return;  // to look a place up costs, too
            if (is.is == expression::kind::check)
                good =
                    comparisons_.check(is, rule.condition, rule.source, rule.skips_unknown) && good;
            else
                good = use_macro(is, rule) && good;
        });
        if (good && known) judge(rule, tree);
    }

    /// Falco makes a part of the condition of each, and only then reads them.
    void check_exceptions(const rule_definition& rule) {
        for (const auto& exception : rule.exceptions)
            for (const auto& each : checks_of(exception))
                if (!problems_.full()) check_exception_value(each, rule);
    }

    void check_exception_value(const exception_check& each, const rule_definition& rule) {
        const auto  parsed = parse_condition(each.text);
        const auto& is     = parsed.is;
        if (parsed.wrong || is.is != expression::kind::check) {
            problems_.error(
                each.at, "Falco reads '" + in_one_line(each.text) + "' here, and " +
                             (parsed.wrong ? parsed.wrong->what : "more than one comparison") +
                             in_own_quotes(each.value)
            );
            return;
        }
        if (is.values.size() > 1 && !each.value.starts_with('('))
            problems_.warning(
                each.at, "Falco reads " + std::to_string(is.values.size()) + " values here" +
                             in_own_quotes(each.value)
            );
        comparisons_.check_value(is, joined_text(each.at), rule.source, rule.skips_unknown);
    }

    /// As they are written in YAML. Empty: that would help nothing.
    static std::string in_own_quotes(const std::string& value) {
        const bool doubled = value.find('"') == value.npos;
        if (value.empty() ||
            std::string_view("\"'(").find(value.front()) != std::string_view::npos ||
            (!doubled && value.find('\'') != value.npos))
            return {};
        const char  quote = doubled ? '"' : '\'', around = doubled ? '\'' : '"';
        std::string inner;
        for (const char c : in_one_line(value)) {
            if (c == around) inner += doubled ? '\'' : '\\';  // how YAML escapes it
            inner += c;
        }
        return std::string("; it needs quotes of its own: ") + around + quote + inner + quote +
               around;
    }

    bool use_macro(const expression& is, const rule_definition& rule) {
        const auto found = book_.macros.find(is.macro);
        if (found == book_.macros.end()) {
            tell_unknown(is, rule.condition);
            return false;
        }
        auto& macro = found->second;
        if (macro.first_file > rule.first_file)
            if (const auto at = rule.condition.find(is.at); at.file->number < macro.first_file)
                problems_.error(
                    at, "macro '" + macro.name + "' is defined only in a later file, " +
                            macro.at.file->text.name()
                );
        return mark_used(macro, rule, 0);
    }

    bool mark_used(macro_definition& macro, const rule_definition& rule, int depth) {
        macro.used = true;
        if (macro.broken || depth > deepest) return false;
        const bool fresh  = macro.sources.insert(rule.source).second;
        const bool strict = macro.lenient && !rule.skips_unknown;
        if (strict) macro.lenient = false;
        const auto known = whole_.find(&macro);
        if (!fresh && !strict && known != whole_.end()) return known->second;
        bool whole = true;
        for_each_leaf(macro.tree, [&](const expression& is) {
            if (is.is != expression::kind::macro) return;
            const auto next = book_.macros.find(is.macro);
            whole = next != book_.macros.end() && mark_used(next->second, rule, depth + 1) && whole;
        });
        return whole_[&macro] = whole;
    }

    /// Of macros that no rule uses, nothing is known of the source.
    void check_fields(macro_definition& macro) {
        if (macro.broken) return;
        for_each_leaf(macro.tree, [&](const expression& is) {
            if (is.is == expression::kind::macro) {
                const auto found = book_.macros.find(is.macro);
                if (found != book_.macros.end()) found->second.used = true;
                return;
            }
            if (macro.sources.empty()) comparisons_.check(is, macro.condition, "syscall", true);
            for (const auto& source : macro.sources)
                comparisons_.check(is, macro.condition, source, macro.lenient);
        });
    }

    // --- what fires, and what costs ---

    condition_facts facts(const expression& tree, const std::string& source) {
        const facts_source from{
            [&](const std::string& name) -> const condition_facts& { return facts(name, source); },
            [&](const expression& check) { return lists_.values_of(check); }, source
        };
        return facts_of(tree, from);
    }

    const condition_facts& facts(const std::string& macro, const std::string& source) {
        const auto key   = source + '/' + macro;
        const auto found = facts_.find(key);
        if (found != facts_.end()) return found->second;
        condition_facts made;
        const auto&     tree = book_.macros.find(macro)->second.tree;
        if (may_judge(tree)) made = facts(tree, source);
        return facts_.emplace(key, std::move(made)).first->second;
    }

    bool may_judge(const expression& tree) {
        for_each_leaf(tree, [&](const expression&) { ++judged_; });
        return judged_ <= most_judged;
    }

    void judge(const rule_definition& rule, const expression& tree) {
        if (!rule.at.file->users && !rule.condition.begin().file->users) return;
        if (!may_judge(tree) || problems_.full()) return;
        const auto are   = facts(tree, rule.source);
        const auto title = "rule '" + in_one_line(rule.name) + "'";
        if (!are.possible) {
            if (rule.enabled)
                problems_.warning(
                    rule.condition.begin(),
                    title + " can never fire" +
                        (are.contradiction.empty() ? ""
                                                   : ": '" + are.contradiction +
                                                         "' would have to have two values at once")
                );
        } else if (rule.source == "syscall" && rule.warns_of_events &&
                   (!are.events.is_bounded() || are.events.size() > most_events)) {
            problems_.warning(
                rule.condition.begin(), title +
                                            " looks at nearly every event, which costs much: "
                                            "nothing in it says which evt.type must be"
            );
        }
    }

    // --- lists ---

    /// Falco puts lists into lists before anything else, each as it stands at that moment.
    /// Source: falcosecurity/falco, userspace/engine/rule_loader_compiler.cpp, compile_list_infos.
    void check_list(const list_definition& list) {
        if (const auto macro = book_.macros.find(list.name); macro != book_.macros.end())
            problems_.add(
                macro->second.used ? rule_severity::error : rule_severity::warning,
                list.order > macro->second.order ? list.at : macro->second.at,
                "'" + in_one_line(list.name) +
                    "' is a list and a macro: Falco puts the list's items where the macro is meant"
            );
        for (const auto& item : list.items) {
            const auto other = book_.lists.find(item.text);
            if (other == book_.lists.end() || problems_.full()) continue;
            if (other->second.order >= list.visible) {
                problems_.warning(
                    item.at, "list '" + item.text + "' is defined only further down, " +
                                 line_of(other->second) + ": here its name is taken as a text"
                );
                continue;
            }
            for (const auto& inner : other->second.items)
                if (inner.text != item.text && book_.lists.contains(inner.text))
                    problems_.warning(
                        item.at, "list '" + item.text + "' has list '" + inner.text +
                                     "' in it, which is one list in another too many: Falco takes "
                                     "its name as a text"
                    );
        }
    }

    template <class Definitions>
    void tell_unused(const Definitions& all, const std::string& what) {
        for (const auto& [name, is] : all)
            if (!is.used && !is.broken && is.at.file->users && is.first_file == is.at.file->number)
                problems_.warning(is.at, what + " '" + in_one_line(name) + "' is not used");
    }

    rule_book&           book_;
    const falco_release& release_;
    problem_list&        problems_;
    list_values          lists_;
    comparison_checker   comparisons_;
    enum class visit : std::uint8_t { none, open, done };
    std::map<const macro_definition*, visit> visits_{};
    std::map<const macro_definition*, bool>  whole_{};
    std::size_t                              judged_ = 0;
    std::map<std::string, condition_facts>   facts_{};
};

}  // namespace

void check_rules(rule_book& book, const falco_release& release, problem_list& problems) {
    checker(book, release, problems).run();
}

}  // namespace falconer::falco::rules

#include "rule_reader.hpp"

#include "entry_keys.hpp"
#include "entry_reader.hpp"
#include "falconer/spelling.hpp"
#include "rule_exceptions.hpp"
#include "useless_changes.hpp"
#include "versions.hpp"

#include <algorithm>

namespace falconer::falco::rules {
namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

class reader {
public:
    reader(
        const loaded_file& file, const falco_release& release, rule_book& book,
        problem_list& problems
    )
        : file_(file), release_(release), book_(book), problems_(problems) {}

    void read(const node& document) {
        if (!document.is_list()) {
            problems_.error(
                {&file_, document.at},
                "a rule file is a list of rules, macros and lists, not " + kind_of(document)
            );
            return;
        }
        for (const auto& item : document.items)
            if (!item->is_nothing()) read_item(*item);
    }

private:
    void read_item(const node& item) {
        if (!item.is_map()) {
            problems_.error(
                {&file_, item.at}, "a rule, a macro or a list is a mapping, not " + kind_of(item)
            );
            return;
        }
        tell_hidden(item);
        if (const auto* engine = item.find("required_engine_version")) {
            tell_unread(item, engine->key);
            check_engine_version(file_, *engine, release_, problems_);
        } else if (const auto* plugins = item.find("required_plugin_versions")) {
            tell_unread(item, plugins->key);
            check_plugin_versions(file_, *plugins, release_, problems_);
        } else if (item.find("list") != nullptr)
            read_list(item);
        else if (item.find("macro") != nullptr)
            read_macro(item);
        else if (item.find("rule") != nullptr)
            read_rule(item);
        else
            problems_.warning(
                {&file_, item.at}, item.entries.empty()
                                       ? "an entry without any key"
                                       : "there is no entry '" + in_one_line(item.entries[0].key) +
                                             "'" + did_you_mean(item.entries[0].key, entries)
            );
    }

    /// The first of them decides what an entry is, and hides the others.
    void tell_hidden(const node& item) {
        std::string_view is;
        for (const auto each : entries) {
            const auto* found = item.find(each);
            if (found == nullptr) continue;
            if (is.empty())
                is = each;
            else
                problems_.warning(
                    {&file_, found->at}, "'" + std::string(each) + "' is not read: because of '" +
                                             std::string(is) + "' the entry is one of those"
                );
        }
    }

    /// Beside the only key that such an entry has. Where it was meant to be another one,
    /// `tell_hidden` has said all.
    void tell_unread(const node& item, const std::string& only) {
        if (std::ranges::count_if(entries, [&](auto each) { return item.find(each); }) > 1) return;
        for (const auto& [key, key_at, is] : item.entries)
            if (key != only)
                problems_.warning(
                    {&file_, key_at},
                    "'" + in_one_line(key) + "' is not read: '" + only + "' stands by itself"
                );
    }

    bool is_appended(entry_reader& entry, const overrides& changes) {
        bool append = false;
        entry.read_boolean("append", append);
        if (append)
            entry.warning(
                entry.at("append"),
                "'append' is deprecated; use 'override', and name what is appended"
            );
        if (append && changes.any())
            entry.error(entry.at("append"), "'append' and 'override' exclude each other");
        return append;
    }

    /// What is changed must be there. Null: it is not.
    template <class Definitions>
    auto* find_changed(entry_reader& entry, Definitions& all, const std::string& what) {
        const auto found = all.find(entry.name());
        if (found != all.end()) return &found->second;
        std::vector<std::string_view> names;
        for (const auto& [name, is] : all) names.push_back(name);
        const auto told = "there is no " + what + " '" + in_one_line(entry.name()) +
                          "' to be changed" + did_you_mean(entry.name(), names);
        if (book_.others_unseen)
            entry.warning(entry.at(), told);
        else
            entry.error(entry.at(), told);
        return static_cast<decltype(&found->second)>(nullptr);
    }

    template <class Definitions>
    auto& define(entry_reader& entry, Definitions& all, const std::string& what) {
        const auto found = all.find(entry.name());
        auto&      is    = all[entry.name()];
        if (found == all.end()) {
            is.first_file = file_.number;
            is.order      = book_.next_order;
        }
        if (found != all.end() && !is.broken && is.at.file == &file_)
            entry.warning(
                entry.at(), "this replaces the " + what + " of line " +
                                std::to_string(is.at.at.line) + ", which has the same name"
            );
        is.name    = entry.name();
        is.at      = entry.at();
        is.visible = book_.next_order++;
        is.broken  = entry.failed();
        return is;
    }

    void touch(entry_reader& entry, definition& is) {
        is.visible = book_.next_order++;
        is.broken  = is.broken || entry.failed();
    }

    void check_name(entry_reader& entry, bool good, const std::string& rule) {
        if (!good)
            entry.warning(
                entry.at(), entry.title() + " can never be named in a condition: " + rule
            );
    }

    void read_list(const node& item) {
        entry_reader entry(file_, item, "list", problems_);
        entry.expect_keys(list_keys);
        if (!entry.read_name()) return;
        check_name(
            entry, is_bare_text(entry.name()),
            "it may hold no blanks, quotes, parentheses, '=' or ','"
        );
        if (!entry.has("items")) entry.error(entry.at(), entry.title() + " has no 'items'");
        auto       items   = entry.texts("items");
        const auto changes = entry.read_overrides(of_list, of_list);
        if (is_appended(entry, changes) || changes.append.contains("items")) {
            auto* is = find_changed(entry, book_.lists, "list");
            if (is == nullptr) return;
            std::ranges::move(items, std::back_inserter(is->items));
            touch(entry, *is);
            return;
        }
        define(entry, book_.lists, "list").items = std::move(items);
    }

    void read_macro(const node& item) {
        entry_reader entry(file_, item, "macro", problems_);
        entry.expect_keys(macro_keys);
        if (!entry.read_name()) return;
        check_name(entry, is_identifier(entry.name()), "it is made of letters, digits and '_'");
        const auto condition = entry.text("condition");
        const auto changes   = entry.read_overrides(of_macro, of_macro);
        if (is_appended(entry, changes) || changes.append.contains("condition")) {
            auto* is = find_changed(entry, book_.macros, "macro");
            if (is == nullptr) return;
            if (condition) is->condition.add(file_, condition);
            touch(entry, *is);
            return;
        }
        auto& is     = define(entry, book_.macros, "macro");
        is.condition = {};
        if (condition) is.condition.add(file_, condition);
    }

    void read_rule(const node& item) {
        entry_reader entry(file_, item, "rule", problems_);
        entry.expect_keys(rule_keys_of(release_));
        if (!entry.read_name()) return;
        const auto changes = entry.read_overrides(appendable, replaceable_in(release_));
        const bool append  = is_appended(entry, changes);
        if (changes.any())
            override_rule(entry, item, changes);
        else if (append)
            append_rule(entry);
        else if (!entry.has("condition") && !entry.has("output") && !entry.has("desc") &&
                 !entry.has("priority"))
            enable_rule(entry);
        else
            define_rule(entry);
    }

    void check_priority(entry_reader& entry) {
        const auto is = entry.text("priority");
        if (is && std::ranges::find(priorities, lower(is->text)) == priorities.end())
            entry.error(
                entry.at(*is),
                "there is no priority '" + in_one_line(is->text) + "'" +
                    did_you_mean(lower(is->text), priorities) +
                    "; there are EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, "
                    "INFORMATIONAL and DEBUG"
            );
    }

    void read_flags(entry_reader& entry, rule_definition& into) {
        bool capture = false;
        entry.read_boolean("enabled", into.enabled);
        entry.read_boolean("warn_evttypes", into.warns_of_events);
        entry.read_boolean("skip-if-unknown-filter", into.skips_unknown);
        entry.read_boolean("capture", capture);
        entry.read_whole_number("capture_duration");
    }

    void define_rule(entry_reader& entry) {
        rule_definition made;
        const auto      condition = entry.text("condition");
        const auto      output    = entry.text("output");
        entry.text("desc");
        check_priority(entry);
        entry.texts("tags");
        if (entry.has("source"))
            if (const auto source = entry.text("source")) made.source = source->text;
        read_flags(entry, made);
        made.exceptions = entry.read_exceptions(false);
        for (auto& each : made.exceptions) check_exception(each, made.source, release_, problems_);

        const auto before = book_.rules.find(entry.name());
        if (before != book_.rules.end() && before->second.source != made.source)
            entry.error(
                entry.at(), entry.title() + " is defined again with another source, '" +
                                in_one_line(made.source) + "' instead of '" +
                                in_one_line(before->second.source) + "'"
            );
        else if (before != book_.rules.end() && before->second.at.file != &file_)
            entry.warning(
                entry.at(), "this replaces all of " + entry.title() + " of " +
                                before->second.at.file->text.name() +
                                "; with 'override' one can change a part of it"
            );
        if (before != book_.rules.end()) tell_all_lost(before->second, entry.at(), problems_);
        auto& is = define(entry, book_.rules, "rule");
        if (condition) made.condition.add(file_, condition);
        if (output) made.output.add(file_, output);
        static_cast<definition&>(made) = is;
        is                             = std::move(made);
    }

    void enable_rule(entry_reader& entry) {
        if (!entry.has("enabled")) {
            entry.error(
                entry.at(), entry.title() + " has no 'condition', 'desc', 'output' and 'priority'"
            );
            return;
        }
        entry.warning(
            entry.at(), "to change only 'enabled' is deprecated; add 'override: {enabled: replace}'"
        );
        auto* is = find_changed(entry, book_.rules, "rule");
        if (is != nullptr) entry.read_boolean("enabled", is->enabled);
    }

    /// A source can be repeated and not changed.
    bool is_of_its_source(entry_reader& entry, const rule_definition& is) {
        if (!entry.has("source")) return true;
        const auto source = entry.text("source");
        if (!source || source->text == is.source) return source != nullptr;
        entry.error(
            entry.at("source"), entry.title() + " is of source '" + in_one_line(is.source) +
                                    "', which cannot be changed; nothing of source '" +
                                    in_one_line(source->text) + "' can be added to it"
        );
        return false;
    }

    void append_rule(entry_reader& entry) {
        auto* is = find_changed(entry, book_.rules, "rule");
        if (is == nullptr || !is_of_its_source(entry, *is)) return;
        if (!entry.has("condition") && !entry.has("exceptions"))
            entry.error(
                entry.at(),
                "nothing is appended to " + entry.title() + ": neither a condition nor exceptions"
            );
        if (entry.has("condition"))
            if (const auto condition = entry.text("condition")) is->condition.add(file_, condition);
        append_exceptions(entry, *is);
        touch(entry, *is);
    }

    void append_exceptions(entry_reader& entry, rule_definition& is) {
        for (auto& each : entry.read_exceptions(true))
            append_exception(is.exceptions, std::move(each), is.source, release_, problems_);
    }

    void override_rule(entry_reader& entry, const node& item, const overrides& changes) {
        auto* is = find_changed(entry, book_.rules, "rule");
        if (is == nullptr || !is_of_its_source(entry, *is)) return;
        const auto known = replaceable_in(release_);
        for (const auto& [key, key_at, value] : item.entries)
            if (!changes.refused && std::ranges::find(known, key) != known.end() &&
                !changes.append.contains(key) && !changes.replace.contains(key))
                entry.error(
                    {&file_, key_at}, "'" + key + "' is there, but 'override' does not name it"
                );
        const auto change = [&](const char* key, joined_text& into) {
            if (!changes.append.contains(key) && !changes.replace.contains(key)) return;
            if (!entry.has(key)) return;  // told
            const auto text = entry.text(key);
            if (!text) return;
            if (changes.replace.contains(key)) {
                if (says_the_same(into.text(), text->text))
                    entry.warning(entry.at(key), "this is the " + std::string(key) + " it had");
                into = {};
            }
            into.add(file_, text);
        };
        change("condition", is->condition);
        change("output", is->output);
        if (changes.replace.contains("priority") && entry.has("priority")) check_priority(entry);
        if (entry.has("desc")) entry.text("desc");
        entry.texts("tags");
        const bool was = is->enabled;
        read_flags(entry, *is);
        if (changes.replace.contains("enabled") && was == is->enabled)
            entry.warning(
                entry.at("enabled"),
                entry.title() + (was ? " is enabled" : " is disabled") + " already"
            );
        if (changes.append.contains("exceptions")) append_exceptions(entry, *is);
        if (changes.replace.contains("exceptions")) {
            is->exceptions = entry.read_exceptions(false);
            for (auto& each : is->exceptions)
                check_exception(each, is->source, release_, problems_);
        }
        for (const auto& key : changes.replace) tell_lost(*is, key, entry.at(), problems_);
        for (const auto* keys : {&changes.append, &changes.replace})
            for (const auto& key : *keys) is->changes.insert_or_assign(key, entry.at(key));
        touch(entry, *is);
    }

    const loaded_file&   file_;
    const falco_release& release_;
    rule_book&           book_;
    problem_list&        problems_;
};

}  // namespace

void read_rules(
    const loaded_file& file, const std::vector<node_ptr>& documents, const falco_release& release,
    rule_book& book, problem_list& problems
) {
    reader read(file, release, book, problems);
    for (const auto& document : documents) read.read(*document);
}

}  // namespace falconer::falco::rules

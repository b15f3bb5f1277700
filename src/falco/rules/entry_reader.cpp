#include "entry_reader.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>

namespace falconer::falco::rules {
namespace {

/// Source: yaml-cpp, which Falco reads it with.
std::optional<bool> boolean_in(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    for (const auto* word : {"y", "yes", "true", "on"})
        if (text == word) return true;
    for (const auto* word : {"n", "no", "false", "off"})
        if (text == word) return false;
    return std::nullopt;
}

std::string quoted(std::string_view text) {
    return '\'' + in_one_line(text) + '\'';
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

constexpr std::array<std::string_view, 4> exception_keys{"name", "fields", "comps", "values"};

}  // namespace

std::string entry_reader::title() const {
    return what_ + ' ' + quoted(name_);
}

where entry_reader::at(std::string_view key) const {
    const auto* entry = item_.find(key);
    return {&file_, entry == nullptr ? item_.at : entry->at};
}

bool entry_reader::read_name() {
    const auto& is = *item_.find(what_)->is;
    if (!is.is_scalar() || is.text.empty()) {
        error(at(what_), "the name of a " + what_ + " is a text, not " + kind_of(is));
        return false;
    }
    name_ = is.text;
    return true;
}

void entry_reader::expect_keys(std::span<const std::string_view> known) {
    std::set<std::string_view> seen;
    for (const auto& [key, where_it_is, is] : item_.entries) {
        if (!contains(known, key))
            warning(
                {&file_, where_it_is},
                "a " + what_ + " has no key " + quoted(key) + did_you_mean(key, known)
            );
        else if (!seen.insert(key).second)
            warning(
                {&file_, where_it_is},
                "the key " + quoted(key) + " is there twice; the first counts"
            );
    }
}

node_ptr entry_reader::text(std::string_view key) {
    const auto* entry = item_.find(key);
    if (entry == nullptr) {
        error(at(), title() + " has no " + quoted(key));
        return nullptr;
    }
    if (!entry->is->is_scalar() || entry->is->text.empty()) {
        error(
            {&file_, entry->at}, "the " + std::string(key) + " of " + title() + " is a text, not " +
                                     (entry->is->is_scalar() ? "an empty one" : kind_of(*entry->is))
        );
        return nullptr;
    }
    return entry->is;
}

void entry_reader::read_boolean(std::string_view key, bool& into) {
    const auto* entry = item_.find(key);
    if (entry == nullptr) return;
    const auto is = entry->is->is_scalar() ? boolean_in(entry->is->text) : std::nullopt;
    if (is)
        into = *is;
    else
        error(at(*entry->is), quoted(key) + " is true or false, not " + kind_of(*entry->is));
}

void entry_reader::read_whole_number(std::string_view key) {
    const auto* entry = item_.find(key);
    if (entry == nullptr) return;
    const auto& text = entry->is->text;
    if (!entry->is->is_scalar() || text.empty() || text.size() > 10 ||
        text.find_first_not_of("0123456789") != std::string::npos)
        error(at(*entry->is), quoted(key) + " is a whole number, not " + kind_of(*entry->is));
}

std::vector<list_item> entry_reader::texts(std::string_view key) {
    std::vector<list_item> all;
    const auto*            entry = item_.find(key);
    if (entry == nullptr) return all;
    if (!entry->is->is_list()) {
        error(
            {&file_, entry->at},
            "the " + std::string(key) + " of " + title() + " are a list, not " + kind_of(*entry->is)
        );
        return all;
    }
    for (const auto& each : entry->is->items) {
        if (each->is_scalar())
            all.push_back({each->text, at(*each)});
        else
            error(
                at(*each), "one of the " + std::string(key) + " of " + title() +
                               " is a text, not " + kind_of(*each)
            );
    }
    return all;
}

overrides entry_reader::read_overrides(
    std::span<const std::string_view> appendable, std::span<const std::string_view> replaceable
) {
    overrides   read;
    const auto* entry = item_.find("override");
    if (entry == nullptr) return read;
    if (!entry->is->is_map()) {
        error({&file_, entry->at}, "'override' is a mapping, not " + kind_of(*entry->is));
        read.refused = true;
        return read;
    }
    std::set<std::string_view> seen;
    for (const auto& [key, key_at, is] : entry->is->entries) {
        const where here{&file_, key_at};
        if (!seen.insert(key).second) {
            warning(here, "the key " + quoted(key) + " is there twice; the first counts");
        } else if (!contains(replaceable, key)) {
            read.refused = true;
            error(
                here, "the " + quoted(key) + " of a " + what_ + " cannot be overridden" +
                          did_you_mean(key, replaceable)
            );
        } else if (is->text == "append") {
            if (contains(appendable, key)) {
                read.append.insert(key);
            } else {
                read.refused = true;
                error(here, quoted(key) + " cannot be appended to; it can be replaced");
            }
        } else if (is->text == "replace") {
            read.replace.insert(key);
        } else {
            read.refused = true;
            error(at(*is), "an override is 'append' or 'replace', not " + kind_of(*is));
        }
        if (!has(key))
            error(here, quoted(key) + " is to be overridden, but " + title() + " does not have it");
    }
    return read;
}

exception_part entry_reader::part_of(const node& is) {
    exception_part part{.list = is.is_list(), .text = is.text, .at = at(is)};
    for (const auto& each : is.items) part.items.push_back(part_of(*each));
    if (is.is_map() || is.is_nothing())
        error(at(is), "part of an exception is a text or a list, not " + kind_of(is));
    else if (is.is_scalar() && is.text.empty())
        error(at(is), "part of an exception is an empty text; as a value, that is '\"\"'");
    return part;
}

std::vector<rule_exception> entry_reader::read_exceptions(bool appended) {
    std::vector<rule_exception> all;
    const auto*                 entry = item_.find("exceptions");
    if (entry == nullptr || entry->is->is_nothing()) return all;
    if (!entry->is->is_list()) {
        error({&file_, entry->at}, "'exceptions' is a list, not " + kind_of(*entry->is));
        return all;
    }
    for (const auto& each : entry->is->items) {
        if (!each->is_map()) {
            error(at(*each), "an exception is a mapping, not " + kind_of(*each));
            continue;
        }
        rule_exception             made{.at = at(*each)};
        std::set<std::string_view> seen;
        for (const auto& [key, key_at, is] : each->entries)
            if (!contains(exception_keys, key))
                warning(
                    {&file_, key_at},
                    "an exception has no key " + quoted(key) + did_you_mean(key, exception_keys)
                );
            else if (!seen.insert(key).second)
                warning(
                    {&file_, key_at}, "the key " + quoted(key) + " is there twice; the first counts"
                );
        const auto* name = each->find("name");
        if (name == nullptr || !name->is->is_scalar() || name->is->text.empty()) {
            error(at(*each), "an exception has no 'name'");
            continue;
        }
        made.name = name->is->text;
        if (std::ranges::find(all, made.name, &rule_exception::name) != all.end())
            warning(
                at(*each), "a second exception " + quoted(made.name) + " of " + title() +
                               ": both hold, and what is appended goes to the first"
            );
        if (const auto* fields = each->find("fields")) made.fields = part_of(*fields->is);
        if (const auto* comps = each->find("comps")) made.comparisons = part_of(*comps->is);
        if (const auto* values = each->find("values")) {
            if (!values->is->is_list())
                error(
                    {&file_, values->at}, "the values of exception " + quoted(made.name) +
                                              " are a list, not " + kind_of(*values->is)
                );
            for (const auto& one : values->is->items) made.values.push_back(part_of(*one));
        } else if (appended) {
            warning(at(*each), "exception " + quoted(made.name) + " adds no values");
        }
        if (!made.fields.given() && !appended)
            error(at(*each), "exception " + quoted(made.name) + " has no 'fields'");
        all.push_back(std::move(made));
    }
    return all;
}

}  // namespace falconer::falco::rules

#include "field_table.hpp"

#include "falconer/spelling.hpp"
#include "falconer/value.hpp"
#include "manifests.hpp"

#include <array>
#include <cassert>
#include <sstream>
#include <utility>

namespace falconer::falco::rules {
namespace {

constexpr std::string_view every_source = "any";
constexpr std::string_view of_plugin    = "plugin=";

constexpr std::array<std::pair<std::string_view, field_type>, 10>                         types{{
    {"any", field_type::any},
    {"text", field_type::text},
    {"bytes", field_type::bytes},
    {"integer", field_type::integer},
    {"real", field_type::real},
    {"boolean", field_type::boolean},
    {"time", field_type::time},
    {"address", field_type::address},
    {"network", field_type::network},
    {"port", field_type::port},
}};
constexpr std::array<std::pair<std::string_view, bool field_info::*>, 10>                 traits{{
    {"list", &field_info::list},
    {"every", &field_info::every},
    {"index", &field_info::index},
    {"key", &field_info::key},
    {"dotted", &field_info::dotted},
    {"required", &field_info::required},
    {"condition-only", &field_info::condition_only},
    {"output-only", &field_info::output_only},
    {"no-rhs", &field_info::no_rhs},
    {"no-transformer", &field_info::no_transformer},
}};
constexpr std::array<std::pair<std::string_view, std::optional<semver> field_info::*>, 4> dates{{
    {"since=", &field_info::since},
    {"until=", &field_info::until},
    {"deprecated=", &field_info::deprecated},
    {"index=", &field_info::index_since},
}};

field_info read_field(const std::string& text) {
    field_info         is;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        [[maybe_unused]] bool known = false;
        for (const auto& [name, type] : types)
            if (name == word) is.type = type, known = true;
        for (const auto& [name, trait] : traits)
            if (name == word) is.*trait = true, known = true;
        if (word.starts_with(of_plugin)) is.plugin = word.substr(of_plugin.size()), known = true;
        for (const auto& [name, date] : dates) {
            if (!word.starts_with(name)) continue;
            is.*date = semver::parse(word.substr(name.size()));
            known    = (is.*date).has_value();
        }
        assert(known && "a word in fields.yaml that says nothing");
    }
    is.index = is.index || is.index_since;
    return is;
}

template <class Names>
std::string near(std::string_view wrong, const Names& names) {
    const std::vector<std::string_view> all(names.begin(), names.end());
    return did_you_mean(wrong, all);
}

}  // namespace

std::string_view name_of(field_type is) noexcept {
    for (const auto& [name, type] : types)
        if (type == is) return name;
    return "any";
}

const field_table& field_table::known() {
    static const field_table table;
    return table;
}

field_table::field_table() {
    const auto read = parse_yaml(manifest_text("rules/fields.yaml"));
    assert(read && "config/rules/fields.yaml is ours");
    for (const auto& source : read->find("sources")->items()) {
        auto& into = sources_[std::string(source.text_at({"source"}))];
        for (const auto& [name, is, line] : source.find("fields")->entries()) {
            const auto& field = into.emplace(name, read_field(*is.text())).first->second;
            if (!field.plugin.empty()) plugins_.insert(field.plugin);
        }
    }
    const auto names = [&](const char* key, auto& into) {
        for (const auto& each : read->find(key)->items())
            if (each.is_text()) into.insert(*each.text());
    };
    names("events", events_);
    names("arguments", arguments_);
}

const field_info* field_table::look_up(std::string_view source, std::string_view name) const {
    for (const auto in : {source, every_source})
        if (const auto its = sources_.find(in); its != sources_.end())
            if (const auto at = its->second.find(name); at != its->second.end()) return &at->second;
    return nullptr;
}

std::optional<field_table::found> field_table::find(
    std::string_view source, std::string_view written
) const {
    if (const auto* is = look_up(source, written)) return found{is, written, {}};
    for (auto dot = written.rfind('.'); dot != std::string_view::npos && dot > 0;
         dot      = written.rfind('.', dot - 1))
        if (const auto* is = look_up(source, written.substr(0, dot)); is != nullptr && is->dotted)
            return found{is, written.substr(0, dot), written.substr(dot + 1)};
    return std::nullopt;
}

std::optional<field_table::found> field_table::find_prefix(
    std::string_view source, std::string_view text
) const {
    if (const auto exact = find(source, text)) return exact;
    for (auto size = text.size(); size-- > 1;)
        if (const auto* is = look_up(source, text.substr(0, size)))
            return found{is, text.substr(0, size), {}};
    return std::nullopt;
}

/// One that brings events tells of them; one that brings none may tell of anybody's.
const loaded_plugin* field_table::stranger_in(const falco_release& release) const {
    for (const auto& each : release.plugins)
        if (each.source.empty() && !plugins_.contains(each.name)) return &each;
    return nullptr;
}

std::vector<std::string> field_table::names_of(
    std::string_view source, const falco_release& release
) const {
    std::vector<std::string> names;
    for (const auto in : {source, every_source})
        if (const auto its = sources_.find(in); its != sources_.end())
            for (const auto& [name, is] : its->second)
                if (is.is_known_to(release)) names.push_back(name);
    return names;
}

std::string field_table::near_field(std::string_view source, std::string_view wrong) const {
    std::vector<std::string_view> names;
    for (const auto in : {source, every_source})
        if (const auto its = sources_.find(in); its != sources_.end())
            for (const auto& [name, is] : its->second) names.push_back(name);
    return did_you_mean(wrong, names);
}

std::string field_table::near_event(std::string_view wrong) const {
    return near(wrong, events_);
}

std::string field_table::near_argument(std::string_view wrong) const {
    return near(wrong, arguments_);
}

std::string field_table::near_source(std::string_view wrong) const {
    std::vector<std::string_view> names;
    for (const auto& [name, its] : sources_)
        if (name != every_source) names.push_back(name);
    return did_you_mean(wrong, names);
}

}  // namespace falconer::falco::rules

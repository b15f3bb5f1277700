#include "falco_release.hpp"

#include "falconer/value.hpp"
#include "manifests.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

namespace falconer::falco::rules {
namespace {

std::optional<std::string> text_of(const value& in, std::string_view key) {
    const auto* is = in.find(key);
    return is != nullptr && is->is_text() ? std::optional(*is->text()) : std::nullopt;
}

const std::vector<falco_release>& all() {
    static const auto known = [] {
        const auto read = parse_yaml(manifest_text("rules/falco_versions.yaml"));
        assert(read && "config/rules/falco_versions.yaml is ours");
        std::vector<falco_release> releases;
        for (const auto& each : read->items()) {
            falco_release is;
            is.version   = each.text_at({"falco"});
            is.number    = semver::parse(is.version).value_or(semver{});
            is.engine    = each.text_at({"engine"});
            is.container = text_of(each, "container");
            releases.push_back(std::move(is));
        }
        return releases;
    }();
    return known;
}

}  // namespace

bool falco_release::is_at_least(std::string_view other) const {
    const auto least = semver::parse(other);
    return least && number >= *least;
}

const loaded_plugin* falco_release::find_plugin(std::string_view name) const noexcept {
    const auto found = std::ranges::find(plugins, name, &loaded_plugin::name);
    return found == plugins.end() ? nullptr : &*found;
}

bool falco_release::has_events_of(std::string_view source) const noexcept {
    return source == "syscall" ||
           std::ranges::find(plugins, source, &loaded_plugin::source) != plugins.end();
}

std::optional<falco_release> find_release(std::string_view version) {
    if (version.empty()) return all().back();
    const auto number = semver::parse(version);
    if (!number) return std::nullopt;
    const auto* found = &all().front();
    for (const auto& each : all())
        if (each.number <= *number) found = &each;
    auto is    = *found;
    is.version = version;
    is.number  = *number;
    is.unknown = number->is_of_later_line_than(all().back().number);  // a patch has the same engine
    return is;
}

}  // namespace falconer::falco::rules

#include "profile_plugins.hpp"

#include "config_schema.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace falconer::falco {
namespace {

/// Containers are named after it, and containers' names are DNS labels.
constexpr std::size_t longest_name = 50;

bool is_plugin_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name && name.front() >= 'a' &&
           name.front() <= 'z' && name.back() != '-' && name.back() != '_' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}

bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

bool is_digest(std::string_view text) {
    constexpr std::string_view begin = "sha256:";
    if (!text.starts_with(begin) || text.size() != begin.size() + 64) return false;
    return std::ranges::all_of(text.substr(begin.size()), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

/// It goes behind a folder and into arguments.
bool is_file_name(std::string_view name) {
    return name.size() <= 100 && name.ends_with(".so") && name.front() != '.' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.' || c == '+';
           });
}

void read_version(field_reader& in, const char* key, std::string& into) {
    if (in.read_needed(key, into) && !semver::parse(into))
        in.expected(key, "a version such as 0.7.3");
}

void read_mapping(field_reader& in, const char* key, value& into) {
    const auto* is = in.find(key);
    if (is == nullptr) return;
    if (!is->is_map()) return in.expected(key, "a mapping");
    into = *is;
}

/// What runs in a privileged container is named by its content.
void read_origin(field_reader& in, offered_plugin& into) {
    in.in("image", [&](field_reader& image) {
        std::string repository, tag;
        image.read_needed("repository", repository);
        image.read_needed("tag", tag);
        if (!repository.empty() && !is_word(repository)) image.expected("repository", "one word");
        if (!tag.empty() && !is_digest(tag))
            image.expected("tag", "a digest, sha256:…, of what runs inside Falco");
        into.image = repository + '@' + tag;
    });
    in.read("artifact", into.artifact);
    const auto at = into.artifact.rfind('@');
    if (!into.artifact.empty() &&
        (at == std::string::npos || !is_digest(std::string_view(into.artifact).substr(at + 1)) ||
         !is_word(into.artifact) || into.artifact.find('/') == std::string::npos))
        in.expected(
            "artifact",
            "a registry, a name and a digest, such as "
            "ghcr.io/falcosecurity/plugins/plugin/k8smeta@sha256:…"
        );
    if (!into.artifact.empty() && !into.image.empty())
        in.complain("artifact", "cannot stand beside image: it comes from one of them");
}

offered_plugin read_plugin(field_reader& in) {
    offered_plugin is;
    if (in.read_needed("name", is.name)) {
        if (!is_plugin_name(is.name))
            in.expected("name", "a plug-in's name: a letter, then letters, digits, '-' and '_'");
        else if (is.name == container_plugin)
            in.complain("name", "is a plug-in that every Falco from 0.41 on is given");
    }
    read_version(in, "version", is.version);
    if (in.find("sinceFalco") != nullptr) read_version(in, "sinceFalco", is.since_falco);
    in.read("source", is.source);
    if (!is.source.empty() && (!is_word(is.source) || is.source == "syscall"))
        in.expected("source", "the source of its events, such as k8s_audit");
    is.library = "lib" + is.name + ".so";
    in.read("library", is.library);
    if (!is_file_name(is.library)) in.expected("library", "the name of a file, lib….so");
    read_origin(in, is);
    in.read("openParams", is.open_params);
    read_mapping(in, "initConfig", is.config);
    read_mapping(in, "initConfigSchema", is.schema);
    if (!is.schema.is_null())
        check_schema(is.schema, in.path_of("initConfigSchema"), in.problems());
    return is;
}

}  // namespace

std::vector<offered_plugin> read_plugins(field_reader& spec) {
    std::vector<offered_plugin>                   all;
    std::set<std::pair<std::string, std::string>> seen;
    spec.each("plugins", [&](const value& item, const std::string& path) {
        const auto     before = spec.problems().size();
        offered_plugin one;
        {
            field_reader reader(item, path, spec.problems());
            one = read_plugin(reader);
        }
        if (spec.problems().size() != before) return;
        if (seen.emplace(one.name, one.version).second)
            all.push_back(std::move(one));
        else
            spec.problems().push_back(
                {path, one.name + ' ' + one.version + " is there twice", item.line()}
            );
    });
    return all;
}

std::string whole_text_of(const offered_plugin& is) {
    const value all{{"name", is.name},         {"version", is.version},  {"since", is.since_falco},
                    {"source", is.source},     {"library", is.library},  {"image", is.image},
                    {"artifact", is.artifact}, {"open", is.open_params}, {"config", is.config},
                    {"schema", is.schema}};
    return json_text(all);
}

offered_plugins merge_plugins(
    const std::vector<falco_profile>& profiles, std::vector<std::string>& warnings
) {
    offered_plugins                                            all;
    std::map<std::pair<std::string, std::string>, std::string> whose;
    for (const auto& profile : profiles)
        for (const auto& each : profile.plugins) {
            const auto [at, fresh] =
                all[each.name].emplace(semver::parse(each.version).value(), each);
            const auto [who, first] =
                whose.emplace(std::pair(each.name, at->second.version), profile.name);
            if (fresh || at->second == each) continue;
            warnings.push_back(
                "plug-in " + each.name + ' ' + each.version + ": FalcoProfiles " + who->second +
                " and " + profile.name + " disagree about it; what " + who->second + " says counts"
            );
        }
    return all;
}

}  // namespace falconer::falco

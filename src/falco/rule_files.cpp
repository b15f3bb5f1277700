#include "falconer/falco/rule_files.hpp"

#include "falconer/base64.hpp"
#include "falconer/falco/gunzip.hpp"
#include "falconer/spelling.hpp"
#include "kube_names.hpp"
#include "manifests.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace falconer::falco {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> standard_files{{
    {"falco-rules", "falco_rules.yaml"},
    {"falco-incubating-rules", "falco-incubating_rules.yaml"},
    {"falco-sandbox-rules", "falco-sandbox_rules.yaml"},
}};

/// Source: the Go extension's falco/rules and its FalcoProfile, as of 2026-08.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> version_aliases{{
    {"0.42.1", "5.0.0"},
    {"0.43.0", "5.0.0"},
    {"0.44.0", "5.1.0"},
}};

/// "macro: calico_node" of a line that begins an entry; else empty.
std::string_view defined_by(std::string_view line) {
    for (const std::string_view begin : {"- macro: ", "- list: "}) {
        if (!line.starts_with(begin)) continue;
        auto name = line.substr(2);
        while (!name.empty() && (name.back() == ' ' || name.back() == '\r')) name.remove_suffix(1);
        return name;
    }
    return {};
}

template <class Then>
void for_each_line(std::string_view text, Then&& then) {
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        then(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// "- macro: …" up to the next entry, the comment above it included.
std::vector<std::string> entries_of(std::string_view text) {
    std::vector<std::string> all;
    std::string              comment;
    for_each_line(text, [&](std::string_view line) {
        if (line.starts_with('#')) {
            comment.append(line).push_back('\n');
        } else if (line.starts_with('-')) {
            all.push_back(std::exchange(comment, {}).append(line) + '\n');
        } else if (!line.empty() && !all.empty()) {
            all.back().append(line).push_back('\n');
        } else if (all.empty()) {
            comment.clear();  // of the file, not of an entry
        }
    });
    return all;
}

/// Nothing but comments, blanks and marks between documents, or a list without items.
bool says_nothing(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    bool                       any    = false;
    for_each_line(text, [&](std::string_view line) {
        if (line.starts_with("---") || line.starts_with("...")) line.remove_prefix(3);
        line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
        line = line.substr(0, line.find_last_not_of(blanks) + 1);
        any  = any || !(line.empty() || line.starts_with('#') || line == "[]");
    });
    return !any;
}

void read_file(
    const std::string& key, std::string_view ending, result<std::string> text,
    custom_rule_files& into
) {
    const auto complain = [&](const std::string& why) {
        into.problems.push_back("rule file " + in_one_line(key) + ": " + why);
    };
    if (!key.ends_with(ending) || key.size() == ending.size())
        return complain("its name does not end in " + std::string(ending));
    if (!is_data_key(key))
        return complain("no volume can hold a file of that name: letters, digits, '-', '_' and '.'"
        );
    if (!text) return complain(text.error().detail);
    if (text->size() > largest_rule_file)
        return complain("has more than " + std::to_string(largest_rule_file) + " bytes");
    if (const auto good = check_yaml(*text); !good) return complain(good.error().detail);
    if (says_nothing(*text)) return complain("holds no rule, macro or list");
    into.files.push_back(
        {key.substr(0, key.size() - (ending == ".yaml.gz" ? 3 : 0)), std::move(*text)}
    );
}

}  // namespace

std::string_view rules_version_meant(std::string_view version) noexcept {
    for (const auto& [alias, is] : version_aliases)
        if (alias == version) return is;
    return version;
}

const rule_set* find_rules(const rule_catalogue& in, std::string_view version) {
    for (const auto name : {version, rules_version_meant(version)})
        if (const auto found = in.find(std::string(name)); found != in.end()) return &found->second;
    return nullptr;
}

std::string_view standard_rule_file(std::string_view standard_name) noexcept {
    const auto* found = std::ranges::find(
        standard_files, standard_name, &decltype(standard_files)::value_type::first
    );
    return found == standard_files.end() ? std::string_view{} : found->second;
}

bool is_standard_rule_file(std::string_view file_name) noexcept {
    return file_name == exceptions_file || file_name == detections_file ||
           file_name == heartbeat_file ||
           std::ranges::any_of(standard_files, [&](const auto& each) {
               return each.second == file_name;
           });
}

rule_file detections() {
    return {detections_file, std::string(manifest_text("rules/gardener_detections.yaml"))};
}

std::string exceptions_for(const std::vector<rule_file>& loaded) {
    std::set<std::string, std::less<>> defined;
    for (const auto& file : loaded)
        for_each_line(file.text, [&](std::string_view line) {
            if (const auto name = defined_by(line); !name.empty()) defined.emplace(name);
        });
    std::string text;
    for (const auto& entry : entries_of(manifest_text("rules/gardener_exceptions.yaml"))) {
        bool wanted = false;
        for_each_line(entry, [&](std::string_view line) {
            wanted = wanted || defined.contains(defined_by(line));
        });
        if (wanted) text += (text.empty() ? "" : "\n") + entry;
    }
    return text;
}

custom_rule_files read_custom_rules(const value& config_map) {
    custom_rule_files read;
    std::size_t       count = 0;
    for (const auto* part : {"data", "binaryData"})
        if (const auto* data = config_map.find(part)) count += data->entries().size();
    if (count > most_rule_files) {  // none of them is unpacked: they may be many and large
        read.problems.push_back(
            "holds " + std::to_string(count) + " rule files, more than " +
            std::to_string(most_rule_files)
        );
        return read;
    }
    if (const auto* data = config_map.find("data")) {
        for (const auto& [key, is, line] : data->entries()) {
            read_file(
                key, ".yaml",
                is.is_text() ? result<std::string>(*is.text())
                             : failure{errc::malformed, "is " + described(is) + ", not a text"},
                read
            );
        }
    }
    if (const auto* data = config_map.find("binaryData")) {
        for (const auto& [key, is, line] : data->entries()) {
            auto packed = is.is_text() ? decode_base64(*is.text())
                                       : failure{errc::malformed, "is not base64"};
            read_file(
                key, ".yaml.gz", packed ? gunzip(*packed, largest_rule_file) : std::move(packed),
                read
            );
        }
    }
    if (count == 0) read.problems.emplace_back("holds no rule file");
    std::ranges::sort(read.files, {}, &rule_file::name);
    // Each is told once, and whoever goes on with these finds none of them twice.
    std::vector<rule_file> once;
    std::set<std::string>  twice;
    for (auto& file : read.files) {
        if (once.empty() || once.back().name != file.name)
            once.push_back(std::move(file));
        else if (twice.insert(file.name).second)
            read.problems.push_back("rule file " + in_one_line(file.name) + " is there twice");
    }
    read.files = std::move(once);
    return read;
}

}  // namespace falconer::falco

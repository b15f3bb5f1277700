#include "falconer/falco/image_vector.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace falconer::falco {
namespace {

/// Names of the Go extension's own vector. Source: its imagevector/images.yaml.
constexpr std::array<std::string_view, 4> of_profiles{
    "falco", "falcosidekick", "falcosidekick-fork", "falcoctl"
};
constexpr std::string_view of_the_go_extension = "falco-ops";

/// "falconer" → "", "a/falconer:1" → ":1", "a:5000/b@sha256:…" → "@sha256:…".
std::string_view tag_of(std::string_view image) {
    if (const auto digest = image.find('@'); digest != image.npos) return image.substr(digest);
    const auto colon = image.rfind(':');
    const auto slash = image.rfind('/');
    const bool a_tag = colon != image.npos && (slash == image.npos || colon > slash);
    return a_tag ? image.substr(colon) : std::string_view{};
}

bool is_one_word(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c != '\x7f'; });
}

/// A text of an entry; of another kind it is a problem, absent or empty it is empty.
std::string text_of(
    const value& entry, std::string_view key, const std::string& path, field_problems& problems
) {
    const auto* found = entry.find(key);
    if (found == nullptr || found->is_null()) return {};
    if (found->is_text() && (found->text()->empty() || is_one_word(*found->text())))
        return *found->text();
    problems.push_back(
        {path + '.' + std::string(key), "expected one word, found " + described(*found),
         found->line()}
    );
    return {};
}

/// Nothing, where it is none: then there is a problem.
std::string image_of(
    const value& entry, const std::string& path, std::string_view replaced, field_problems& problems
) {
    const auto before = problems.size();
    auto       whole  = text_of(entry, "ref", path, problems);
    const auto place  = text_of(entry, "repository", path, problems);
    const auto tag    = text_of(entry, "tag", path, problems);
    if (problems.size() != before) return {};
    if (!whole.empty()) return whole;
    if (place.empty()) {
        problems.push_back({path + ".repository", "is needed", entry.line()});
        return {};
    }
    if (tag.empty()) return place + std::string(tag_of(replaced));
    return place + (tag.starts_with("sha256:") ? '@' : ':') + tag;
}

/// Of a Kubernetes version: what runs beside Falco is the same for all of them.
bool is_constrained(const value& entry) {
    return !entry.text_at({"runtimeVersion"}).empty() || !entry.text_at({"targetVersion"}).empty();
}

}  // namespace

void overwrite_images(operator_settings& settings, const value& vector, field_problems& problems) {
    const auto* images = vector.find("images");
    if (images == nullptr || !images->is_list()) {
        problems.push_back(
            {"images", "expected a list, found " + described(images == nullptr ? value() : *images),
             images == nullptr ? vector.line() : images->line()}
        );
        return;
    }
    const auto said     = [&](std::string what) { settings.warnings.push_back(std::move(what)); };
    const auto replaced = settings.agent_image;
    for (std::size_t i = 0; i < images->items().size(); ++i) {
        const auto& entry = images->items()[i];
        const auto  path  = "images[" + std::to_string(i) + ']';
        const auto  name  = entry.text_at({"name"});
        if (std::ranges::find(of_profiles, name) != of_profiles.end()) {
            said(
                path + ": " + std::string(name) +
                " has no effect: its images are those of FalcoProfiles; falco.registryMirror "
                "brings them from elsewhere"
            );
        } else if (name == of_the_go_extension) {
            said(path + ": falco-ops has no effect: Falconer's own image has its place, falconer");
        } else if (name != agent_image_name) {
            continue;
        } else if (is_constrained(entry)) {
            said(path + ": falconer has no effect: it is the same for all versions of Kubernetes");
        } else {
            const auto image = image_of(entry, path, replaced, problems);
            if (!image.empty() && !settings.names_agent_image) settings.agent_image = image;
        }
    }
}

}  // namespace falconer::falco

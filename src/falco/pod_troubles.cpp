#include "falconer/falco/pod_troubles.hpp"

#include "falconer/falco/rule_files.hpp"

#include <algorithm>
#include <optional>

namespace falconer::falco {
namespace {

using kind = pod_trouble_kind;

constexpr std::string_view shoot_rules   = "/etc/falco/shoot-custom-rules/";
constexpr std::size_t      longest_words = 400;  // a condition is a sentence, not a log

/// The first line that says something, without what a terminal or a condition would choke on.
std::string one_line(std::string_view text) {
    std::string made;
    for (const char c : text) {
        if (made.size() >= longest_words) return made + "…";
        if (static_cast<unsigned char>(c) >= ' ')
            made += c;
        else if (!made.empty() && made.back() != ' ')
            made += ' ';
    }
    while (!made.empty() && made.back() == ' ') made.pop_back();
    return made;
}

std::string_view last_line_of(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    const auto at = text.rfind('\n');
    return at == std::string_view::npos ? text : text.substr(at + 1);
}

bool is_ready(const value& pod) {
    const auto* conditions = pod.find_path({"status", "conditions"});
    if (conditions == nullptr) return false;
    return std::ranges::any_of(conditions->items(), [](const value& each) {
        return each.text_at({"type"}) == "Ready" && each.text_at({"status"}) == "True";
    });
}

/// What a container said when it ended badly, now or the time before.
std::string_view last_words(const value& container) {
    for (const auto* when : {"state", "lastState"})
        if (const auto said = container.text_at({when, "terminated", "message"}); !said.empty())
            return said;
    return {};
}

bool has_ended_badly(const value& container) {
    for (const auto* when : {"state", "lastState"})
        if (const auto* code = container.find_path({when, "terminated", "exitCode"}))
            if (code->integer().value_or(0) != 0) return true;
    return false;
}

class pod_reader {
public:
    pod_reader(const value& pod, const std::vector<value>& events)
        : pod_(pod), events_(events),
          sidekick_(
              pod.text_at({"metadata", "labels", "app.kubernetes.io/name"}) == "falcosidekick"
          ) {}

    pod_trouble read() const {
        for (const auto* part : {"initContainerStatuses", "containerStatuses"})
            if (const auto* all = pod_.find_path({"status", part}))
                for (const auto& each : all->items())
                    if (auto found = of_container(each)) return std::move(*found);
        if (auto found = of_events()) return std::move(*found);
        return made(kind::not_ready, {});
    }

private:
    pod_trouble made(kind is, std::string text, bool by_user = false) const {
        return {
            .is = is, .of_falcosidekick = sidekick_, .by_user = by_user, .text = std::move(text)
        };
    }

    std::optional<pod_trouble> of_container(const value& container) const {
        const auto reason  = container.text_at({"state", "waiting", "reason"});
        const auto message = container.text_at({"state", "waiting", "message"});
        const auto said    = last_words(container);
        if (const auto refused = rules_refused_in(said); !refused.reason.empty() && !sidekick_) {
            std::string text = refused.file.empty() ? "" : refused.file + ": ";
            return made(kind::rules_refused, text + one_line(refused.reason), refused.by_user);
        }
        const bool image = reason == "ErrImagePull" || reason == "ImagePullBackOff" ||
                           reason == "InvalidImageName" || reason == "ErrImageNeverPull" ||
                           reason == "RegistryUnavailable";
        if (image) {
            std::string text(container.text_at({"image"}));
            return made(kind::no_image, text + ": " + one_line(message.empty() ? reason : message));
        }
        if (reason == "CreateContainerConfigError" || reason == "CreateContainerError")
            return made(kind::not_mounted, one_line(message.empty() ? reason : message));
        if (!has_ended_badly(container)) return std::nullopt;
        std::string text(container.text_at({"name"}));
        if (!said.empty()) text += ": " + one_line(last_line_of(said));
        return made(kind::crashes, std::move(text));
    }

    /// Volumes that cannot be mounted are told of nowhere else.
    std::optional<pod_trouble> of_events() const {
        const auto name = pod_.text_at({"metadata", "name"});
        for (const auto& each : events_) {
            if (each.text_at({"involvedObject", "name"}) != name) continue;
            const auto reason = each.text_at({"reason"});
            if (reason != "FailedMount" && reason != "FailedAttachVolume") continue;
            const auto message = each.text_at({"message"});
            const bool by_user = message.find("shoot-custom-rules-") != message.npos &&
                                 message.find("not found") != message.npos;
            return made(kind::not_mounted, one_line(message), by_user);
        }
        return std::nullopt;
    }

    const value&              pod_;
    const std::vector<value>& events_;
    bool                      sidekick_;
};

std::string_view name_in(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

refused_rules rules_refused_in(std::string_view last_words) {
    refused_rules found;
    const auto    reason = last_words.find("LOAD_ERR_");
    if (reason == std::string_view::npos) return found;
    const auto of_reason = last_words.substr(reason);
    found.reason         = std::string(of_reason.substr(0, of_reason.find('\n')));
    // The file last named before it, in whatever sentence.
    const auto before = last_words.substr(0, reason);
    const auto at     = before.rfind("/etc/falco/");
    if (at == std::string_view::npos) return found;
    auto path = before.substr(at);
    path      = path.substr(0, path.find_first_of(": )\n"));
    if (path.starts_with(shoot_rules)) {
        found.file    = std::string(path.substr(shoot_rules.size()));
        found.by_user = true;
        return found;
    }
    found.file    = std::string(name_in(path));
    found.by_user = found.file.ends_with(".yaml") && !is_standard_rule_file(found.file);
    return found;
}

std::vector<pod_trouble> troubles_of(
    const std::vector<value>& pods, const std::vector<value>& events
) {
    std::vector<pod_trouble> all;
    for (const auto& pod : pods) {
        // A pod on its way out is no news, and one that has just come is still starting.
        if (is_ready(pod) || !pod.text_at({"metadata", "deletionTimestamp"}).empty()) continue;
        auto       found = pod_reader(pod, events).read();
        const auto same  = std::ranges::find_if(all, [&](const pod_trouble& each) {
            return each.is == found.is && each.of_falcosidekick == found.of_falcosidekick &&
                   each.text == found.text;
        });
        if (same != all.end())
            ++same->pods;
        else
            all.push_back(std::move(found));
    }
    std::ranges::stable_sort(all, {}, &pod_trouble::is);
    return all;
}

}  // namespace falconer::falco

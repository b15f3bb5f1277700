#include "project_watch.hpp"

#include "falconer/log.hpp"
#include "falconer/rfc3339.hpp"

#include <utility>

namespace falconer::console {
namespace {

const kube_type projects_type{
    .group      = "core.gardener.cloud",
    .version    = "v1beta1",
    .kind       = "Project",
    .plural     = "projects",
    .namespaced = false
};

value reduced(const value& object) {
    return {
        {"metadata",
         {{"name", object.text_at({"metadata", "name"})},
          {"creationTimestamp", object.text_at({"metadata", "creationTimestamp"})}}},
        {"spec", {{"namespace", object.text_at({"spec", "namespace"})}}}
    };
}

std::optional<utc_time> time_of(std::string_view text) {
    const auto read = parse_rfc3339(text);
    const auto is   = std::get_if<event_time>(&read);
    if (is == nullptr) return std::nullopt;
    return utc_time{std::chrono::seconds{is->seconds}};
}

}  // namespace

project_watch::project_watch(kube_api& garden)
    : garden_(garden), cache_([](value object) { return reduced(object); }) {}

task<void> project_watch::run() {
    return garden_.follow(projects_type, {}, *this);
}

void project_watch::heard(kube_event event) {
    goes_on();
    const bool before = cache_.synced();
    if (!cache_.take(std::move(event)).empty() || before != cache_.synced()) ++version_;
}

void project_watch::troubled(const failure& why) {
    if (trouble_.empty())
        log_of("console").warn("has trouble watching what=projects reason=\"{}\"", why.detail);
    trouble_ = why.detail;
}

void project_watch::goes_on() {
    if (!trouble_.empty()) log_of("console").info("goes on watching what=projects");
    trouble_.clear();
}

std::vector<project_watch::project> project_watch::all() const {
    std::vector<project> found;
    cache_.each([&](const kube_key& key, const value& object) {
        const auto begun = time_of(object.text_at({"metadata", "creationTimestamp"}));
        const auto space = object.text_at({"spec", "namespace"});
        if (begun && !space.empty()) found.push_back({key.name, std::string(space), *begun});
    });
    return found;
}

std::optional<std::string> project_watch::missing() const {
    if (cache_.synced()) return std::nullopt;
    return "the garden's projects have not all been read" +
           (trouble_.empty() ? "" : ": " + trouble_);
}

}  // namespace falconer::console

#include "garden_watch.hpp"

#include "config_map_watch.hpp"
#include "falconer/falco/review.hpp"
#include "falconer/log.hpp"

#include <optional>
#include <utility>

namespace falconer::admissions {
namespace {

constexpr bool  clusters_own = false;  // not in a namespace
const kube_type namespaces_type{
    .kind = "Namespace", .plural = "namespaces", .namespaced = clusters_own
};
const kube_type projects_type{
    .group      = "core.gardener.cloud",
    .version    = "v1beta1",
    .kind       = "Project",
    .plural     = "projects",
    .namespaced = clusters_own
};
const kube_type profiles_type{
    .group      = "falco.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "FalcoProfile",
    .plural     = "falcoprofiles",
    .namespaced = clusters_own
};

/// Its name, and of its labels and annotations those that a review asks for.
value reduced(const value& object) {
    value made;
    made["metadata"]["name"] = object.text_at({"metadata", "name"});
    const auto keep          = [&](std::string_view in, std::string_view key) {
        if (const auto text = object.text_at({"metadata", in, key}); !text.empty())
            made["metadata"][in][key] = text;
    };
    keep("labels", falco::project_label);
    for (const auto key :
         {falco::enabled_annotation, falco::central_annotation, falco::skip_defaults_annotation})
        keep("annotations", key);
    if (const auto space = object.text_at({"spec", "namespace"}); !space.empty())
        made["spec"]["namespace"] = space;
    return made;
}

value reduced_profile(value object) {
    value made{{"metadata", {{"name", object.text_at({"metadata", "name"})}}}};
    for (const auto* key : {"apiVersion", "kind", "spec"})
        if (auto* found = object.find(key)) made[key] = std::move(*found);
    return made;
}

}  // namespace

/// All objects of one type.
class garden_watch::followed final : public kube_listener {
public:
    using handler = std::function<void(const object_change&)>;

    followed(kube_api& api, kube_type type, std::function<value(value)> reduce, handler on)
        : api_(api), type_(std::move(type)), cache_(std::move(reduce)), on_(std::move(on)) {}

    void heard(kube_event event) override {
        goes_on();
        const bool before  = cache_.synced();
        const auto changes = cache_.take(std::move(event));
        for (const auto& change : changes) on_(change);
        if (!before && cache_.synced() && when_synced_) when_synced_();
    }
    void troubled(const failure& why) override {
        if (trouble_.empty())
            log_of("admission")
                .warn("has trouble watching what={} reason=\"{}\"", type_.plural, why.detail);
        trouble_ = why.detail;
    }
    void goes_on() override {
        if (!trouble_.empty()) log_of("admission").info("goes on watching what={}", type_.plural);
        trouble_.clear();
    }
    void when_synced(std::function<void()> then) { when_synced_ = std::move(then); }

    task<void>          run() { return api_.follow(type_, {}, *this); }
    const object_cache& cache() const noexcept { return cache_; }
    const std::string&  name() const noexcept { return type_.plural; }

    std::optional<std::string> missing() const {
        if (cache_.synced()) return std::nullopt;
        return type_.plural + " have not all been read" + (trouble_.empty() ? "" : ": " + trouble_);
    }

private:
    kube_api&             api_;
    kube_type             type_;
    object_cache          cache_;
    handler               on_;
    std::function<void()> when_synced_{};
    std::string           trouble_{};
};

garden_watch::garden_watch(asio::any_io_executor loop, kube_api& garden)
    : namespaces_(
          std::make_unique<followed>(garden, namespaces_type, reduced, [](const object_change&) {})
      ),
      projects_(std::make_unique<followed>(
          garden, projects_type, reduced,
          [this](const object_change& change) { heard_project(change); }
      )),
      profiles_(std::make_unique<followed>(
          garden, profiles_type, reduced_profile,
          [this](const object_change&) {
              if (profiles_->cache().synced()) read_profiles();
          }
      )),
      config_maps_(std::make_unique<config_map_watch>(garden)),
      offered_(std::make_shared<falco::releases>()), scope_(std::move(loop)) {
    profiles_->when_synced([this] { read_profiles(); });
}

garden_watch::~garden_watch() = default;

void garden_watch::start() {
    for (auto* each : {&*namespaces_, &*projects_, &*profiles_})
        scope_.spawn("watch " + each->name(), each->run());
    scope_.spawn("watch configmaps", config_maps_->run());
}

const value* garden_watch::namespace_named(std::string_view name) const {
    return namespaces_->cache().find({{}, std::string(name)});
}

const value* garden_watch::project_of(std::string_view namespace_name) const {
    if (const auto found = project_of_.find(namespace_name); found != project_of_.end())
        return projects_->cache().find(found->second);
    const auto* const space = namespace_named(namespace_name);
    if (space == nullptr) return nullptr;
    const auto name = space->text_at({"metadata", "labels", falco::project_label});
    return name.empty() ? nullptr : projects_->cache().find({{}, std::string(name)});
}

falco::seen_rules garden_watch::custom_rules(
    std::string_view in_namespace, std::string_view config_map
) const {
    return config_maps_->find({std::string(in_namespace), std::string(config_map)});
}

std::vector<std::string> garden_watch::missing() const {
    std::vector<std::string> all;
    for (const auto* each : {&*namespaces_, &*projects_, &*profiles_})
        if (auto why = each->missing()) all.push_back(std::move(*why));
    return all;
}

void garden_watch::heard_project(const object_change& change) {
    const auto space_of = [](const value& project) {
        return std::string(project.text_at({"spec", "namespace"}));
    };
    if (change.before) {
        const auto was = project_of_.find(space_of(*change.before));
        if (was != project_of_.end() && was->second == change.key) project_of_.erase(was);
    }
    if (!change.after) return;
    if (auto space = space_of(*change.after); !space.empty())
        project_of_.insert_or_assign(std::move(space), change.key);
}

void garden_watch::read_profiles() {
    std::vector<falco::falco_profile> profiles;
    std::vector<std::string>          odd;
    profiles_->cache().each([&](const kube_key& key, const value& object) {
        auto decoded = falco::decode_falco_profile(object);
        for (const auto& each : decoded.problems)
            odd.push_back("FalcoProfile " + key.name + ": " + each.text());
        profiles.push_back(std::move(decoded.profile));
    });
    auto merged = std::make_shared<falco::releases>(falco::merge(std::move(profiles)));
    odd.insert(odd.end(), merged->warnings.begin(), merged->warnings.end());
    for (const auto& each : odd)
        if (!said_.contains(each))
            log_of("admission").warn("a FalcoProfile is odd reason=\"{}\"", each);
    said_    = {odd.begin(), odd.end()};
    offered_ = std::move(merged);
    if (when_offered_) when_offered_();
}

}  // namespace falconer::admissions

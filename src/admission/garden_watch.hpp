// What reviews look up in the garden, kept at hand by watches.
#pragma once

#include "falconer/falco/garden_view.hpp"
#include "falconer/object_cache.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/task_scope.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::admissions {

class config_map_watch;

/// Namespaces, Projects and FalcoProfiles, which must be seen; ConfigMaps where they may be. Of
/// each only what a review asks for, ConfigMaps within limits (config_map_watch.hpp). Secrets are
/// never looked at.
///
/// Lifetime : start() once; stop() before destruction.
/// Threading: the loop thread only.
class garden_watch final : public falco::garden_view {
public:
    garden_watch(asio::any_io_executor loop, kube_api& garden);
    ~garden_watch() override;

    void       start();
    task<void> stop() { return scope_.stop(); }

    const value*           namespace_named(std::string_view name) const override;
    const value*           project_of(std::string_view namespace_name) const override;
    const falco::releases& offered() const override { return *offered_; }
    falco::seen_rules      custom_rules(std::string_view in_namespace, std::string_view config_map)
        const override;
    falco::seen_secret secret(std::string_view, std::string_view) const override { return {}; }

    /// What has not been read yet, and why, a sentence each. None: reviews can be answered.
    std::vector<std::string> missing() const;
    /// For those who outlive a review: never changed, only replaced.
    std::shared_ptr<const falco::releases> releases() const noexcept { return offered_; }
    /// Told whenever other versions are offered.
    void when_offered(std::function<void()> then) { when_offered_ = std::move(then); }

private:
    class followed;

    void heard_project(const object_change& change);
    void read_profiles();

    std::unique_ptr<followed>                    namespaces_, projects_, profiles_;
    std::unique_ptr<config_map_watch>            config_maps_;
    std::map<std::string, kube_key, std::less<>> project_of_{};  // by spec.namespace
    std::shared_ptr<const falco::releases>       offered_;
    std::set<std::string>                        said_{};  // of profiles, to the log
    std::function<void()>                        when_offered_{};
    task_scope                                   scope_;
};

}  // namespace falconer::admissions

// All shoot actors of the process, by their Extension.
#pragma once

#include "falconer/metrics.hpp"
#include "falconer/object_cache.hpp"
#include "falconer/task_scope.hpp"
#include "shoot_actor.hpp"

#include <map>
#include <memory>
#include <string>

namespace falconer::actors {

/// Lifetime : stop() before destruction.
/// Threading: the loop thread only.
class shoots final : public shoot_office {
public:
    struct options {
        shoot_actor::options actor{};
        std::size_t          at_once = 32;   // rounds
        std::size_t          looks   = 256;  // at their health
    };

    shoots(
        asio::any_io_executor loop, const shoot_round::surroundings& with,
        metrics_registry& metrics, options opt
    );

    /// An Extension as a watch tells of it.
    void heard(const object_change& extension);

    /// To those in one namespace, or to all. Nobody there: dropped.
    void tell(const std::string& control_plane, const shoot_message& what);
    void tell_all(const shoot_message& what);
    void tell(const cluster_identity& to, const shoot_message& what) override;

    task<void> stop() { return scope_.stop(); }

    std::size_t size() const noexcept { return open_.size(); }
    /// Those that have had no round yet, or want one.
    std::size_t unsettled() const;
    void        refresh_metrics();

    template <class Visitor>
    void each(Visitor&& visit) const {
        for (const auto& [key, actor] : open_) visit(*actor);
    }

private:
    shoot_actor& open(const kube_key& key, utc_time first_look);
    task<void>   look_after(std::shared_ptr<shoot_actor> one);

    shoot_round::surroundings                        with_;
    options                                          opt_;
    shoot_actor::gates                               gates_;
    std::map<kube_key, std::shared_ptr<shoot_actor>> open_{};
    shoot_actor::statistics                          of_gone_{};
    counter&                                         rounds_;
    counter&                                         failures_;
    counter&                                         writes_;
    gauge&                                           known_;
    gauge&                                           troubled_;
    task_scope                                       scope_;
};

}  // namespace falconer::actors

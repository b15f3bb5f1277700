// What watches of the seed and the garden tell, made into messages to shoots and facts for all.
#pragma once

#include "falconer/ports/kube_api.hpp"
#include "falconer/task_scope.hpp"
#include "landscape.hpp"
#include "one_watch.hpp"
#include "shoots.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace falconer::actors {

/// Lifetime : start() once; stop() before destruction.
/// Threading: the loop thread only.
class watches {
public:
    struct options {
        std::string           seed_name{};      // empty: there is no Seed to look at
        std::chrono::seconds  garden{10};       // so long a start waits for the garden
        std::function<void()> profiles_read{};  // hears that other versions may be offered
    };

    /// `garden`: where FalcoProfiles and Seeds are. A Garden is where its runtime cluster is:
    /// `seed`.
    watches(
        asio::any_io_executor loop, time_source& time, kube_api& seed, kube_api& garden,
        landscape& facts, shoots& actors, options opt
    );
    ~watches();

    /// Returns once everything there is has been told, of the garden only if it answers in time.
    task<void> start();
    task<void> stop() { return scope_.stop(); }

    /// All of the seed has been told at least once.
    bool synced() const;
    /// None of the seed's watches is in trouble.
    bool seed_is_heard() const;
    /// Of all watches that are, a sentence each.
    std::vector<std::string> troubles() const;

private:
    one_watch& add(
        std::string name, kube_api& api, kube_type type, kube_selection which,
        std::function<value(value)> reduce, one_watch::handler on
    );
    task<void> wait_for(std::vector<one_watch*> all, steady_time until);
    void       heard_namespace(const object_change& change);
    void       heard_cluster(const object_change& change);
    void       heard_delivery(const object_change& change);
    void       heard_landlord(
              falco::extension_class is, std::shared_ptr<const value>& who, const object_change& change
          );
    void read_profiles();

    asio::any_io_executor                   loop_;
    time_source&                            time_;
    kube_api&                               seed_;
    kube_api&                               garden_;
    landscape&                              facts_;
    shoots&                                 actors_;
    options                                 opt_;
    std::unique_ptr<bell>                   synced_bell_;
    std::vector<std::unique_ptr<one_watch>> all_{};
    one_watch*                              profiles_ = nullptr;
    std::set<std::string>                   said_{};  // of profiles, to the log
    bool                                    started_ = false;
    task_scope                              scope_;
};

}  // namespace falconer::actors

// A small stand-in for gardenlet: makes of a Shoot what an extension sees of it.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/task.hpp"
#include "falconer/time_source.hpp"

#include <functional>
#include <set>
#include <string>

namespace falconer::sandbox {

class api_store;

/// Shoot → namespace, Cluster, copies of referenced resources (references.hpp; whoever plays the
/// resource manager puts them there), Extension, and back: the Extension's state → Shoot.status.
/// Garden and seed are the same store. Not played: maintenance, migration, everything that other
/// extensions do.
class gardenlet {
public:
    struct options {
        std::string ingress_domain = "ingress.local.example.com";
        /// Of a shoot, by its technical id and uid.
        std::function<std::string(const std::string& technical_id, const std::string& uid)>
            identity{};
        /// Access to the API of a shoot; what `gardener-internal` holds.
        std::function<std::string(const std::string& technical_id)> kubeconfig{};
        std::function<void(const std::string& technical_id)>        has_gone{};
    };

    gardenlet(time_source& time, api_store& store, options opt)
        : time_(time), store_(store), opt_(std::move(opt)) {}

    task<void> run();
    void       look();

private:
    void        look_at(const kube_key& key);
    void        look_after(const std::string& kind, const kube_key& key);
    void        bring(const value& shoot);
    void        tell_of_references(const value& shoot, const std::string& trouble);
    void        ask(const value& shoot, const std::string& in, const value* wanted);
    void        tell(const value& shoot, const std::string& in);
    void        take_away(const value& shoot);
    bool        end_extension(const std::string& in);
    std::string now() const;

    time_source& time_;
    api_store&   store_;
    options      opt_;
};

/// "shoot--<project>--<name>".
std::string technical_id_of(const value& shoot);

}  // namespace falconer::sandbox

// What an operator wants on every seed besides: a ManagedResource each, kept as configured.
#pragma once

#include "falconer/ports/kube_api.hpp"
#include "falconer/time_source.hpp"
#include "landscape.hpp"

#include <chrono>
#include <string>

namespace falconer::actors {

/// Looks once a minute. Names and labels are the Go extension's, so that either clears up after the
/// other. Source: facts on the Go extension, §3.2.
/// Lifetime: borrows all it is given.
class additional_resources {
public:
    /// `home`: our own namespace, where they are kept.
    additional_resources(
        time_source& time, kube_api& seed, const landscape& around, std::string home,
        std::chrono::seconds every = std::chrono::seconds(60)
    )
        : time_(time), seed_(seed), around_(around), home_(std::move(home)), every_(every) {}

    /// For ever. One that cannot be delivered is told to the log, and keeps nobody else.
    task<void> run();
    task<void> look();

private:
    task<result<void>> bring(const falco::additional_resource& one);
    task<result<void>> clear_up();
    void               say(const std::string& name, const failure& why);

    time_source&         time_;
    kube_api&            seed_;
    const landscape&     around_;
    std::string          home_;
    std::chrono::seconds every_;
    std::string          last_trouble_{};
};

}  // namespace falconer::actors

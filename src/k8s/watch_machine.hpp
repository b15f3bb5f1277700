// A watch as a state machine: what to ask next, and what the answers mean. No I/O, no clock.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/result.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace falconer::k8s {

/// Lists in pages, watches from there, resumes after every end, and lists anew when the server no
/// longer knows the thread (410). Source: kubernetes.io, api-concepts, "Efficient detection of
/// changes"; client-go's Reflector.
class watch_machine {
public:
    struct options {
        std::chrono::milliseconds first_pause{800};
        std::chrono::milliseconds longest_pause{30'000};
        /// A watch that ends sooner, and told nothing, is odd. Source: client-go, Reflector.
        std::chrono::milliseconds short_watch{1'000};
    };
    /// Ask for `page` (of a list), or watch from `resource_version`; after `pause`.
    struct request {
        enum class what : std::uint8_t { list, watch };

        what                      kind = what::list;
        std::string               next{};              // of a list: continues the page before
        std::string               resource_version{};  // of a watch
        std::chrono::milliseconds pause{0};
    };

    /// `chance`: evenly between 0 and 1, so that many do not come back at once.
    watch_machine(options opt, std::function<double()> chance);

    request next();

    // What came of it. The events are to be told in their order.
    std::vector<kube_event> listed(kube_page page);
    std::vector<kube_event> told(value event);  // one of a watch
    /// The request has failed, or the watch has ended after so long; nothing: as agreed.
    void ended(
        const std::optional<failure>& why,
        std::chrono::milliseconds     lasted = std::chrono::milliseconds(0)
    );

private:
    void begin_anew();
    void slow_down();

    options                   opt_;
    std::function<double()>   chance_;
    bool                      listing_ = true;
    bool                      begun_   = false;  // init_begin was told
    std::string               next_{};
    std::string               resource_version_{};
    std::chrono::milliseconds pause_{0};  // before the next request
    std::chrono::milliseconds last_pause_{0};
    bool                      heard_ = false;  // something since the watch began
};

}  // namespace falconer::k8s

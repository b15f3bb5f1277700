// Clients of shoots' APIs, made from what Gardener keeps beside their control planes. Source:
// contract §4.2; gardener/gardener, extensions/pkg/util/shoot_clients.go.
#pragma once

#include "falconer/ports/shoot_access.hpp"
#include "kube_client.hpp"

#include <string>

namespace falconer::k8s {

/// Lifetime: must outlive every call.
class shoot_clients final : public shoot_access {
public:
    struct options {
        /// Outside of the seed's network only the public way leads there. Source:
        /// GARDENER_SHOOT_CLIENT.
        bool                external = false;
        kube_client_options client{.at_once = 4, .answer = std::chrono::seconds(10)};
    };

    shoot_clients(asio::any_io_executor loop, time_source& time, kube_api& seed, options opt)
        : loop_(std::move(loop)), time_(time), seed_(seed), opt_(std::move(opt)) {}

    /// A new one every time: tokens and authorities rotate.
    task<result<std::shared_ptr<kube_api>>> api_of(std::string control_plane) override;

private:
    task<result<value>> credentials_of(const std::string& control_plane);

    asio::any_io_executor loop_;
    time_source&          time_;
    kube_api&             seed_;
    options               opt_;
};

}  // namespace falconer::k8s

// Faults on demand: what goes wrong is written in an object of the API itself, so that kubectl is
// all that is needed to have it, to change it and to be rid of it.
#pragma once

#include "server.hpp"
#include "store.hpp"

#include <functional>
#include <string>

namespace falconer::sandbox {

/// What ConfigMap kube-system/sandbox-faults orders. Requests about it and about what the API
/// serves are spared: else nobody could take it away again.
class fault_orders {
public:
    /// As texts: `latency`, `watches` (each is cut off after so long): durations; `status`: 400 to
    /// 599, with `late`: "true" although the work is done; `half`: "true", an answer breaks off;
    /// of these only `share` percent of the requests (100), with one of `methods` ("PUT,PATCH"),
    /// whose target has `path` in it. Errors: malformed, with the key.
    struct orders {
        api_fault                 fault{};
        std::chrono::milliseconds watches{0};
        double                    share = 1;
        std::string               methods{}, path{};
    };
    static result<orders> read(const value& config_map);

    /// `chance`: evenly between 0 and 1. Lifetime: within the store's.
    fault_orders(api_store& store, std::function<double()> chance)
        : store_(store), chance_(std::move(chance)) {}

    api_fault of(const net::http_request& request);

private:
    void look();

    api_store&              store_;
    std::function<double()> chance_;
    std::string             version_{};  // of the ConfigMap that was read
    orders                  now_{};
};

}  // namespace falconer::sandbox

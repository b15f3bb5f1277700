// What the client of one cluster does, as metrics.
#pragma once

#include "falconer/metrics.hpp"

#include <string>

namespace falconer::k8s {

/// Lifetime: within that of the registry.
struct client_counts {
    counter &requests, &busy, &away, &token, &troubles, &lists;

    client_counts(metrics_registry& all, const std::string& cluster)
        : requests(all.make_counter(
              "falconer_kube_requests_total",
              "Requests sent to a Kubernetes API server, repeated ones too; watches not counted.",
              {{"cluster", cluster}}
          )),
          busy(retries(all, cluster, "busy")), away(retries(all, cluster, "away")),
          token(retries(all, cluster, "token")),
          troubles(all.make_counter(
              "falconer_kube_watch_troubles_total",
              "Watches and their lists that failed and were tried again.", {{"cluster", cluster}}
          )),
          lists(all.make_counter(
              "falconer_kube_watch_lists_total",
              "Lists that a watch began with, the first of each watch included.",
              {{"cluster", cluster}}
          )) {}

private:
    static counter& retries(
        metrics_registry& all, const std::string& cluster, const std::string& reason
    ) {
        return all.make_counter(
            "falconer_kube_retries_total",
            "Requests sent once more: the server was busy (429), away (reads only), or refused the "
            "token.",
            {{"cluster", cluster}, {"reason", reason}}
        );
    }
};

}  // namespace falconer::k8s

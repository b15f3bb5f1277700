// The clusters that a configuration has something for, as `falconer doctor` sees them.
#pragma once

#include "app/configuration.hpp"
#include "doctor_report.hpp"

#include <string>

namespace falconer::cli {

/// Where the clusters are, in the words of the command line.
struct cluster_choice {
    std::string kubeconfig{}, garden_kubeconfig{};

    /// As `serve` takes the same options.
    void apply_to(app::configuration& how) const {
        if (!kubeconfig.empty()) how.controller.kubeconfig = how.admission.kubeconfig = kubeconfig;
        if (!garden_kubeconfig.empty())
            how.controller.garden_kubeconfig = how.admission.kubeconfig = garden_kubeconfig;
    }
};

/// Of each whether it answers, who we are to it, and what we may do there.
void look_at_clusters(doctor_report& out, const app::configuration& how);

}  // namespace falconer::cli

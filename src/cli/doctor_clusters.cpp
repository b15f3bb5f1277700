#include "doctor_clusters.hpp"

#include "app/cluster_check.hpp"
#include "k8s/clock_skew.hpp"
#include "store_access.hpp"

#include <filesystem>
#include <utility>
#include <vector>

namespace falconer::cli {
namespace {

/// One of the clusters that a configuration has something for.
struct cluster_to_look_at {
    std::string                     about{};
    std::filesystem::path           kubeconfig{};  // empty: the pod's own
    std::vector<app::cluster_right> needed{};
};

task<void> look_at_cluster(
    asio::any_io_executor loop, time_source& time, cluster_to_look_at which, doctor_report& out
) {
    auto access = which.kubeconfig.empty() ? k8s::in_cluster_access()
                                           : k8s::read_kubeconfig_file(which.kubeconfig);
    if (!access) {
        out.bad(which.about, access.error().detail);
        co_return;
    }
    const auto six   = access->place.host.find(':') != std::string::npos;
    const auto where = (six ? '[' + access->place.host + ']' : access->place.host) + ':' +
                       std::to_string(access->place.port) + access->path;
    if (access->anybody)
        out.doubt(which.about, where + ": insecure-skip-tls-verify: whoever answers is believed");
    auto found =
        co_await app::check_cluster(std::move(loop), time, std::move(*access), which.needed);
    if (!found) {
        out.bad(which.about, found.error().detail);
        co_return;
    }
    if (found->clock_apart.count() != 0)
        out.doubt(which.about, k8s::clock_sentence(found->clock_apart, where));
    const auto who = where + ", Kubernetes " + found->version + ", we are " +
                     (found->who.empty() ? "not told who" : found->who);
    if (found->missing.empty()) {
        out.good(
            which.about, who + " and may do all " + std::to_string(which.needed.size()) +
                             " things that are done there"
        );
        co_return;
    }
    std::string all;
    for (const auto& each : found->missing) all += (all.empty() ? "" : ", ") + each;
    out.bad(which.about, who + " and may not " + all);
}

/// Whatever is found goes into the report; there is no failure left to print.
task<result<void>> look_at_one(
    asio::any_io_executor loop, time_source& time, cluster_to_look_at which, doctor_report& out
) {
    co_await look_at_cluster(std::move(loop), time, std::move(which), out);
    co_return result<void>{};
}

std::vector<cluster_to_look_at> clusters_of(doctor_report& out, const app::configuration& how) {
    std::vector<cluster_to_look_at> all;
    if (how.has_controller) {
        all.push_back(
            {"seed", how.controller.kubeconfig, app::rights_of_controller_in_seed(how.controller)}
        );
        if (how.controller.garden_kubeconfig.empty())
            out.doubt("garden", "none for the controller: what needs it is left out");
        else
            all.push_back(
                {"garden", how.controller.garden_kubeconfig, app::rights_of_controller_in_garden()}
            );
    }
    if (how.has_admission)
        all.push_back(
            {"webhook garden", how.admission.kubeconfig, app::rights_of_admission_in_garden()}
        );
    if (all.empty())
        out.doubt("kubernetes", "no cluster is configured: neither role controller nor admission");
    return all;
}

}  // namespace

void look_at_clusters(doctor_report& out, const app::configuration& how) {
    for (auto& each : clusters_of(out, how))
        run_to_end([&](asio::any_io_executor loop, time_source& time) -> task<result<void>> {
            return look_at_one(std::move(loop), time, std::move(each), out);
        });
}

}  // namespace falconer::cli

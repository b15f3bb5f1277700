// The Kubernetes API of a seed with many shoots on it, for watch_churn.py: a process of its own,
// told what to do by lines on its standard input, answering each with a line of JSON.
#include "app/local_api.hpp"
#include "falconer/async.hpp"
#include "falconer/event.hpp"
#include "falconer/falco/managed_resource.hpp"
#include "falconer/steady_time_source.hpp"
#include "sandbox/fleet/demo_files.hpp"
#include "sandbox/gardener/resource_manager.hpp"

#include <CLI/CLI.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

namespace falconer {
namespace {

const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};
const kube_type clusters{
    .group      = "extensions.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "Cluster",
    .plural     = "clusters",
    .namespaced = false
};
const kube_type profiles{
    .group      = "falco.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "FalcoProfile",
    .plural     = "falcoprofiles",
    .namespaced = false
};
const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};

class seed_api {
public:
    seed_api(asio::io_context& loop, const std::string& folder)
        : time_(loop.get_executor()), api_(loop.get_executor(), time_, {.folder = folder}) {}

    bool start() {
        auto       up      = api_.start();
        const auto profile = parse_yaml(sandbox::demo_file("examples/profile.yaml"));
        auto       made    = api_.store().create(profiles, {}, *profile, {});
        if (!up) std::cerr << up.error().detail << '\n';
        return up && made;
    }

    void add(std::size_t shoots) {
        const auto shoot = parse_yaml(sandbox::demo_file("examples/shoot.yaml"));
        for (std::size_t i = 0; i < shoots; ++i) {
            const auto name  = "s" + std::to_string(i);
            const auto space = "shoot--load--" + name;
            value      ns;
            ns["metadata"]["labels"]["gardener.cloud/role"] = "shoot";
            keep(api_.store().create(namespaces, {{}, space}, ns, {}));
            value cluster;
            auto& of                                             = cluster["spec"]["shoot"];
            of                                                   = *shoot;
            of["metadata"]["name"]                               = name;
            of["status"]["technicalID"]                          = space;
            of["status"]["clusterIdentity"]                      = space + "-uid-load";
            cluster["spec"]["seed"]["spec"]["ingress"]["domain"] = "ingress.example.com";
            keep(api_.store().create(clusters, {{}, space}, cluster, {}));
            value extension;
            auto& notes                       = extension["metadata"]["annotations"];
            notes["gardener.cloud/operation"] = "reconcile";
            notes["gardener.cloud/timestamp"] = text_of(event_time_of(time_.utc()));
            extension["spec"]["type"]         = "shoot-falco-service";
            extension["spec"]["providerConfig"] =
                *shoot->find_path({"spec", "extensions"})->items()[0].find("providerConfig");
            keep(api_.store().create(extensions, {space, "shoot-falco-service"}, extension, {}));
        }
    }

    /// Another image for every version.
    void change_profile() {
        auto  profile = parse_yaml(sandbox::demo_file("examples/profile.yaml"));
        auto& images  = (*profile)["spec"]["images"]["falco"];
        for (std::size_t i = 0; i < images.items().size(); ++i)
            images.item(i)["repository"] = "mirror" + std::to_string(++mirrors_) + ".example.com/f";
        keep(api_.store().update(profiles, {{}, "falco"}, *profile, {}));
    }

    std::string figures() {
        std::size_t done = 0;
        const auto  all  = api_.store().list(extensions, {}, {.limit = 0});
        for (const auto& each : all->items)
            done += each.text_at({"status", "lastOperation", "state"}) == "Succeeded" ? 1 : 0;
        const auto delivered =
            api_.store().list(falco::managed_resources, {.fields = target}, {.limit = 0});
        std::uint64_t generations = 0;
        for (const auto& each : delivered->items)
            generations += static_cast<std::uint64_t>(
                each.find_path({"metadata", "generation"})->integer().value_or(0)
            );
        return "{\"succeeded\": " + std::to_string(done) +
               ", \"delivered\": " + std::to_string(delivered->items.size()) +
               ", \"generations\": " + std::to_string(generations) +
               ", \"requests\": " + std::to_string(api_.server().requests()) +
               ", \"writes\": " + std::to_string(api_.server().writes()) + "}";
    }
    std::string kubeconfig() const { return api_.kubeconfig_file().string(); }

private:
    static void keep(const result<value>& done) {
        if (!done) std::cerr << done.error().detail << '\n';
    }
    static constexpr const char* target = "metadata.name=extension-shoot-falco-service-shoot";

    steady_time_source time_;
    app::local_api     api_;
    int                mirrors_ = 0;
};

task<void> obey(asio::io_context& loop, seed_api& seed) {
    asio::posix::stream_descriptor in(loop, ::dup(STDIN_FILENO));
    std::string                    buffer;
    for (;;) {
        auto [wrong, size] =
            co_await asio::async_read_until(in, asio::dynamic_buffer(buffer), '\n', no_throw);
        if (wrong) break;
        const auto line = buffer.substr(0, size - 1);
        buffer.erase(0, size);
        if (line.starts_with("add ")) seed.add(std::stoul(line.substr(4)));
        if (line == "profile") seed.change_profile();
        std::cout << seed.figures() << std::endl;
    }
    loop.stop();
}

}  // namespace
}  // namespace falconer

int main(int argc, char** argv) {
    CLI::App    app{"The API of a seed with many shoots; lines: add N, profile, figures"};
    std::string folder;
    app.add_option("folder", folder, "Where its kubeconfig goes")->required();
    CLI11_PARSE(app, argc, argv);
    asio::io_context   loop{1};
    falconer::seed_api seed(loop, folder);
    if (!seed.start()) return 1;
    std::cout << seed.kubeconfig() << std::endl;
    asio::co_spawn(loop, falconer::obey(loop, seed), asio::detached);
    loop.run();
    std::_Exit(0);  // what is still under way ends with the process
}

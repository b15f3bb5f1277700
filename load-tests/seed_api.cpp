// The Kubernetes API of a seed with many shoots on it, for watch_churn.py: a process of its own,
// told what to do by lines on its standard input, answering each with a line of JSON.
#include "falconer/async.hpp"
#include "falconer/falco/managed_resource.hpp"
#include "falconer/steady_time_source.hpp"
#include "support/seed_over_sockets.hpp"

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

using namespace test::seed_types;

class seed_api {
public:
    seed_api(asio::io_context& loop, const std::string& folder)
        : time_(loop.get_executor()), seed_(loop, time_, folder) {}

    bool start() {
        const auto up = seed_.start();
        if (!up) std::cerr << up.error().detail << '\n';
        return static_cast<bool>(up);
    }

    void add(std::size_t shoots) {
        const auto shoot = seed_.example("shoot.yaml");
        const auto config =
            *shoot.find_path({"spec", "extensions"})->items()[0].find("providerConfig");
        for (std::size_t i = 0; i < shoots; ++i) {
            const auto name = "s" + std::to_string(i);
            const auto made = seed_.add_shoot("shoot--load--" + name, name, config, shoot);
            if (!made) std::cerr << made.error().detail << '\n';
        }
    }

    /// Another image for every version.
    void change_profile() {
        auto  profile = seed_.example("profile.yaml");
        auto& images  = profile["spec"]["images"]["falco"];
        for (std::size_t i = 0; i < images.items().size(); ++i)
            images.item(i)["repository"] = "mirror" + std::to_string(++mirrors_) + ".example.com/f";
        const auto done = api_.store().update(profiles, {{}, "falco"}, profile, {});
        if (!done) std::cerr << done.error().detail << '\n';
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
    static constexpr const char* target = "metadata.name=extension-shoot-falco-service-shoot";

    steady_time_source      time_;
    test::seed_over_sockets seed_;
    app::local_api&         api_     = seed_.api;
    int                     mirrors_ = 0;
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

// Our Kubernetes client in a process of its own, for tests that cut it off, stop it and kill it,
// and for load tests that measure it. What happens is printed, a line each.
#include "falconer/async.hpp"
#include "falconer/object_cache.hpp"
#include "falconer/steady_time_source.hpp"
#include "falconer/task_scope.hpp"
#include "k8s/kube_client.hpp"
#include "k8s/leader.hpp"

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace falconer {
namespace {

using namespace std::chrono_literals;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_type secrets{.kind = "Secret", .plural = "secrets"};
const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};

void say(const std::string& line) {
    std::cout << line << std::endl;
}

struct probe_options {
    std::vector<std::string> kubeconfigs{};
    std::string              namespace_name{}, name{}, identity{};
    int                      watch = 45, silence = 55;  // seconds
};

std::unique_ptr<kube_api> client_of(
    asio::io_context& loop, time_source& time, const std::string& kubeconfig,
    const probe_options& opt
) {
    auto access = k8s::read_kubeconfig_file(kubeconfig);
    if (!access) throw std::runtime_error(access.error().detail);
    k8s::kube_client_options how;
    how.watch   = std::chrono::seconds(opt.watch);
    how.silence = std::chrono::seconds(opt.silence);
    auto made   = k8s::make_kube_client(loop.get_executor(), time, std::move(*access), how);
    if (!made) throw std::runtime_error(made.error().detail);
    return std::move(*made);
}

/// "0 applied a 17 {"x":"1"}": which server, what, the object, its version and data.
class teller final : public kube_listener {
public:
    explicit teller(std::size_t number) : number_(std::to_string(number)) {}
    void heard(kube_event event) override {
        constexpr const char* words[] = {"begin", "there", "done", "applied", "deleted"};
        auto                  line    = number_ + ' ' + words[static_cast<int>(event.kind)];
        const auto            name    = std::string(event.object.text_at({"metadata", "name"}));
        if (!name.empty()) {
            const auto* const data = event.object.find("data");
            line += ' ' + name + ' ' + std::string(resource_version_of(event.object)) + ' ' +
                    (data == nullptr ? "{}" : json_text(*data));
        }
        say(line);
    }
    void troubled(const failure& why) override { say(number_ + " trouble " + why.detail); }

private:
    std::string number_;
};

task<void> follow(kube_api& api, std::string space, teller& to) {
    kube_selection within{.namespace_name = std::move(space)};
    co_await api.follow(config_maps, std::move(within), to);
}

/// As the controller's informers do: what is used of an object, and nothing else.
value reduced(value extension) {
    value kept;
    for (const char* part : {"metadata", "spec", "status"}) {
        auto* const is = extension.find(part);
        if (is != nullptr) kept[part] = std::move(*is);
    }
    if (auto* const metadata = kept.find("metadata")) metadata->erase("managedFields");
    return kept;
}

class holder final : public kube_listener {
public:
    object_cache                          held{reduced};
    std::size_t                           events = 0, lists = 0;
    std::chrono::steady_clock::time_point begun{};
    std::chrono::milliseconds             last_list{0};

    void heard(kube_event event) override {
        if (event.kind == kube_event::what::init_begin) begun = std::chrono::steady_clock::now();
        const bool listed = event.kind == kube_event::what::init_done;
        const bool change =
            event.kind == kube_event::what::applied || event.kind == kube_event::what::deleted;
        static_cast<void>(held.take(std::move(event)));
        events += change ? 1 : 0;
        if (!listed) return;
        ++lists;
        last_list = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - begun
        );
    }
    void troubled(const failure& why) override { std::cerr << why.detail << '\n'; }
};

long kibibytes(const char* field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field)) return std::stol(line.substr(line.find(':') + 1));
    return 0;
}

/// Answers each line of its input with a line of figures; "again" forgets and lists anew first.
task<void> hold(asio::io_context& loop, time_source& time, kube_api& api, task_scope& scope) {
    asio::posix::stream_descriptor in(loop, ::dup(STDIN_FILENO));
    std::string                    buffer;
    auto                           held      = std::make_unique<holder>();
    auto                           following = std::make_unique<task_scope>(loop.get_executor());
    const auto                     empty     = kibibytes("VmRSS");
    following->spawn("follow", api.follow(extensions, {}, *held));
    for (;;) {
        auto [wrong, size] =
            co_await asio::async_read_until(in, asio::dynamic_buffer(buffer), '\n', no_throw);
        if (wrong) break;
        const auto line = buffer.substr(0, size - 1);
        buffer.erase(0, size);
        if (line == "again") {
            co_await following->stop();
            held      = std::make_unique<holder>();
            following = std::make_unique<task_scope>(loop.get_executor());
            following->spawn("follow", api.follow(extensions, {}, *held));
        }
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
        say("{\"objects\": " + std::to_string(held->held.size()) + ", \"events\": " +
            std::to_string(held->events) + ", \"lists\": " + std::to_string(held->lists) +
            ", \"list_ms\": " + std::to_string(held->last_list.count()) +
            ", \"cpu\": " + std::to_string(cpu) + ", \"empty_kib\": " + std::to_string(empty) +
            ", \"kib\": " + std::to_string(kibibytes("VmRSS")) +
            ", \"peak_kib\": " + std::to_string(kibibytes("VmHWM")) + "}");
    }
    co_await following->stop();
    static_cast<void>(time);
    static_cast<void>(scope);
    loop.stop();
}

task<void> lead(time_source& time, k8s::leader& one, bool& ended) {
    while (!ended) {
        co_await one.acquire();
        say("leads");
        co_await one.hold();
        if (!ended) say("lost");
    }
    static_cast<void>(time);
}

/// What somebody with few rights is told, call by call.
task<void> try_everything(asio::io_context& loop, kube_api& api, std::string space) {
    const kube_key key{space, "tried"};
    value          object{
                 {"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata", {{"name", key.name}, {"namespace", space}}},
    };
    const auto tell = [](const char* verb, const auto& got) {
        if (got)
            say(std::string(verb) + " ok");
        else
            say(std::string(verb) + ' ' + got.error().code.message() + ": " + got.error().detail);
    };
    // With names of their own: GCC 12 destroys temporaries among what a coroutine is given twice.
    const kube_page_request first_page{};
    const kube_write        plainly{};
    const kube_apply        as_usual{};
    const kube_removal      at_once{};
    const auto              got = co_await api.get(secrets, key);
    tell("get", got);
    kube_selection within{.namespace_name = space};
    const auto     listed = co_await api.list(secrets, std::move(within), first_page);
    tell("list", listed);
    const auto made = co_await api.create(config_maps, key, object, plainly);
    tell("create", made);
    const auto updated = co_await api.update(config_maps, key, object, plainly);
    tell("update", updated);
    const auto patched = co_await api.merge_patch(config_maps, key, object, plainly);
    tell("patch", patched);
    const auto applied = co_await api.apply(config_maps, key, object, as_usual);
    tell("apply", applied);
    const auto removed = co_await api.remove(config_maps, key, at_once);
    tell("delete", removed);
    loop.stop();
}

int run_follow(const probe_options& opt) {
    asio::io_context                       loop{1};
    steady_time_source                     time{loop.get_executor()};
    task_scope                             scope{loop.get_executor()};
    std::vector<std::unique_ptr<kube_api>> apis;
    std::vector<std::unique_ptr<teller>>   tellers;
    for (const auto& each : opt.kubeconfigs) {
        apis.push_back(client_of(loop, time, each, opt));
        tellers.push_back(std::make_unique<teller>(tellers.size()));
        scope.spawn("follow", follow(*apis.back(), opt.namespace_name, *tellers.back()));
    }
    loop.run();
    return 0;
}

int run_hold(const probe_options& opt) {
    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    task_scope         scope{loop.get_executor()};
    const auto         api = client_of(loop, time, opt.kubeconfigs.at(0), opt);
    scope.spawn("hold", hold(loop, time, *api, scope));
    loop.run();
    std::_Exit(0);  // what is still under way ends with the process
}

int run_lead(const probe_options& opt) {
    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    task_scope         scope{loop.get_executor()};
    const auto         api = client_of(loop, time, opt.kubeconfigs.at(0), opt);
    k8s::leader        one(
        time, *api, {opt.namespace_name, opt.name},
        {.identity = opt.identity, .duration = 6s, .renew_deadline = 4s, .retry = 1s}
    );
    bool             ended = false;
    asio::signal_set signals(loop, SIGTERM);
    signals.async_wait([&](std::error_code, int) {
        ended = true;
        scope.spawn("release", [](k8s::leader& of, asio::io_context& ends) -> task<void> {
            const bool led = of.leads();
            co_await of.release();
            if (led) say("released");
            ends.stop();
        }(one, loop));
    });
    scope.spawn("lead", lead(time, one, ended));
    loop.run();
    std::_Exit(0);
}

int run_try(const probe_options& opt) {
    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    task_scope         scope{loop.get_executor()};
    const auto         api = client_of(loop, time, opt.kubeconfigs.at(0), opt);
    scope.spawn("try", try_everything(loop, *api, opt.namespace_name));
    loop.run();
    return 0;
}

}  // namespace
}  // namespace falconer

int main(int argc, char** argv) {
    CLI::App                app{"Falconer's Kubernetes client as a process of its own"};
    falconer::probe_options opt;
    int                     code = 0;
    const auto              with = [&](const char* name, const char* what,
                          int (*run)(const falconer::probe_options&)) {
        auto* sub = app.add_subcommand(name, what);
        sub->add_option("kubeconfig", opt.kubeconfigs, "One; `follow` takes several")->required();
        sub->add_option("--namespace", opt.namespace_name);
        sub->add_option("--name", opt.name, "Of the lease");
        sub->add_option("--identity", opt.identity);
        sub->add_option("--watch", opt.watch, "Seconds");
        sub->add_option("--silence", opt.silence, "Seconds");
        sub->callback([&code, &opt, run] { code = run(opt); });
    };
    with("follow", "Prints what happens to ConfigMaps", falconer::run_follow);
    with(
        "hold", "Holds all Extensions; each line of input is answered with figures",
        falconer::run_hold
    );
    with("lead", "Takes part in an election", falconer::run_lead);
    with("try", "Tries every call", falconer::run_try);
    app.require_subcommand(1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong);
    } catch (const std::exception& wrong) {
        std::cerr << wrong.what() << '\n';
        return 1;
    }
    return code;
}

// falconer agent configure|heartbeat|beat: what runs inside a shoot.
#include "commands.hpp"

#include "agent/final_configuration.hpp"
#include "agent/heartbeat.hpp"
#include "app/object_files.hpp"
#include "falconer/async.hpp"
#include "falconer/duration.hpp"
#include "falconer/net/http_client.hpp"
#include "falconer/steady_time_source.hpp"
#include "falconer/value.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace falconer::cli {
namespace {

// --- configure ----------------------------------------------------------------------------------

struct configure_options {
    std::string template_file{}, token_file{}, to{};
};

int configure(const configure_options& opt) {
    const auto failed = [](const failure& why) {
        std::cerr << "falconer agent configure: " << why.detail << '\n';
        return answer_is_no;
    };
    const auto text = app::read_text_file(opt.template_file);
    if (!text) return failed(text.error());
    std::optional<secret> token;
    if (!opt.token_file.empty()) {
        auto read = app::read_text_file(opt.token_file);
        if (!read) return failed(read.error());
        token.emplace(std::move(*read));
    }
    const auto done = agent::put_token(*text, token);
    if (!done) return failed(done.error());
    if (const auto written = agent::write_whole(opt.to, *done); !written)
        return failed(written.error());
    std::cout << opt.to << " is written" << (token ? ", with the token of " + opt.token_file : "")
              << '\n';
    return success;
}

// --- heartbeat ----------------------------------------------------------------------------------

struct heartbeat_options {
    std::string falco = "http://localhost:8765";
    std::string key_file{}, node{};
    std::string every = "1h", settle = "60s";
};

/// This program's own file, so that Falco sees its name and not "exe".
std::string own_path() {
    std::array<char, PATH_MAX> path{};
    const auto                 size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : "falconer";
}

result<void> strike(const agent::beat& beat) {
    std::vector<std::string> words{own_path(),  "agent",  "beat",   "--time",
                                   beat.minute, "--node", beat.node};
    if (!beat.proof.empty()) words.insert(words.end(), {"--proof", beat.proof});
    // Falco's rule prints these.
    std::vector<std::string> settings{
        "HEARTBEAT_TIME=" + beat.minute, "FALCO_VERSION=" + beat.falco_version
    };
    const auto pointers = [](std::vector<std::string>& texts) {
        std::vector<char*> all;
        for (auto& each : texts) all.push_back(each.data());
        all.push_back(nullptr);
        return all;
    };
    auto      arguments   = pointers(words);
    auto      environment = pointers(settings);
    pid_t     child       = 0;
    const int wrong       = posix_spawn(
        &child, words[0].c_str(), nullptr, nullptr, arguments.data(), environment.data()
    );
    if (wrong != 0) return failure{errc::unavailable, words[0] + ": " + std::strerror(wrong)};
    log_of("agent").info("heartbeat time={} version={}", beat.minute, beat.falco_version);
    return {};
}

/// Its version, once it is ready. Source: Falco's webserver, /healthz and /versions.
task<result<std::string>> ask_falco(net::http_client& client, net::http_place place) {
    net::http_request healthz{.target = "/healthz"};
    auto              health = co_await client.send(place, std::move(healthz));
    if (!health) co_return std::move(health).error();
    if (health->status != 200)
        co_return failure{errc::unavailable, "healthz says " + std::to_string(health->status)};
    net::http_request versions{.target = "/versions"};
    auto              answer = co_await client.send(place, std::move(versions));
    if (!answer) co_return std::move(answer).error();
    const auto read = parse_json(answer->body);
    if (!read) co_return failure{errc::malformed, "/versions: " + read.error().detail};
    const auto version = read->text_at({"falco_version"});
    if (version.empty() || version.size() > 64 || version.find('\n') != version.npos)
        co_return failure{errc::malformed, "/versions names no falco_version"};
    co_return std::string(version);
}

int run(agent::heartbeat::options how, const net::http_place& place) {
    ::signal(SIGCHLD, SIG_IGN);  // nobody waits for a beat
    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    auto               client = net::make_http_client(
        loop.get_executor(), time,
        {.spare = 1, .answer = std::chrono::seconds(5), .body_bytes = 65'536}
    );
    if (!client) {
        std::cerr << "falconer agent heartbeat: " << client.error().detail << '\n';
        return answer_is_no;
    }
    agent::heartbeat beats(
        time, std::move(how), [&] { return ask_falco(**client, place); }, strike
    );
    asio::signal_set ends(loop, SIGTERM, SIGINT);
    ends.async_wait([&](const std::error_code&, int) { loop.stop(); });
    asio::co_spawn(loop, beats.run(), [&](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
    loop.run();
    return success;
}

std::optional<std::chrono::seconds> whole_seconds(const std::string& text) {
    const auto time = parse_duration(text);
    if (!time || *time < std::chrono::seconds(0) || *time > std::chrono::days(1)) return {};
    return std::chrono::duration_cast<std::chrono::seconds>(*time);
}

int heartbeat(const heartbeat_options& opt) {
    std::vector<std::string> problems;
    const auto               place = net::parse_place(opt.falco);
    if (!place) problems.push_back("--falco: " + place.error().detail);
    const auto every  = whole_seconds(opt.every);
    const auto settle = whole_seconds(opt.settle);
    if (!every || every->count() == 0)
        problems.push_back("--every: expected a duration up to 24h, found '" + opt.every + "'");
    if (!settle)
        problems.push_back("--settle: expected a duration up to 24h, found '" + opt.settle + "'");
    agent::heartbeat::options how;
    if (!opt.key_file.empty()) {
        // The Secret is optional: without it, the beat has no proof.
        how.key = [file = opt.key_file] {
            auto key = app::read_text_file(file);
            if (!key) log_of("agent").warn("a beat has no proof reason={}", key.error().detail);
            return key ? secret(std::move(*key)) : secret{};
        };
    }
    for (const auto& each : problems) std::cerr << "falconer agent heartbeat: " << each << '\n';
    if (!problems.empty()) return wrong_usage;
    const char* const host = std::getenv("FALCO_HOSTNAME");
    how.node               = !opt.node.empty() ? opt.node : host != nullptr ? host : "";
    how.every              = *every;
    how.settle             = *settle;
    set_up_logging({});
    return run(std::move(how), *place);
}

void add_configure(CLI::App& agent, int& exit_code) {
    auto* const sub = agent.add_subcommand(
        "configure", "Writes Falcosidekick's final configuration: the template with its token"
    );
    const auto opt = std::make_shared<configure_options>();
    sub->add_option("--template", opt->template_file, "The template")
        ->required()
        ->type_name("FILE");
    sub->add_option("--token-file", opt->token_file, "Holds the token; without it, none is put in")
        ->type_name("FILE");
    sub->add_option("--to", opt->to, "Where the configuration goes")->required()->type_name("FILE");
    sub->footer(
        "Example:\n  falconer agent configure --template config.yaml --token-file "
        "/var/run/token --to /etc/falcosidekick/config.yaml"
    );
    sub->callback([opt, &exit_code] { exit_code = configure(*opt); });
}

void add_heartbeat(CLI::App& agent, int& exit_code) {
    auto* const sub = agent.add_subcommand(
        "heartbeat", "Once an hour runs a harmless command that Falco sees, until SIGTERM"
    );
    const auto opt = std::make_shared<heartbeat_options>();
    sub->add_option("--falco", opt->falco, "Falco's webserver")
        ->type_name("URL")
        ->capture_default_str();
    sub->add_option("--key-file", opt->key_file, "The key that proves a beat")->type_name("FILE");
    sub->add_option("--node", opt->node, "The node; default: $FALCO_HOSTNAME");
    sub->add_option("--every", opt->every, "At every full one of these, UTC")
        ->capture_default_str();
    sub->add_option("--settle", opt->settle, "How long a Falco that is ready is left alone")
        ->capture_default_str();
    sub->footer("Example:\n  falconer agent heartbeat --key-file /etc/falco-heartbeat/key");
    sub->callback([opt, &exit_code] { exit_code = heartbeat(*opt); });
}

/// Does nothing: Falco sees that it was run, and with what.
void add_beat(CLI::App& agent) {
    auto* const sub =
        agent.add_subcommand("beat", "One beat: what the heartbeat runs; does nothing");
    const auto text = std::make_shared<std::string>();
    sub->add_option("--time", *text, "The minute");
    sub->add_option("--node", *text, "The node");
    sub->add_option("--proof", *text, "HMAC-SHA256 of both under the cluster's key");
    sub->footer("Example:\n  falconer agent beat --time 2026-11-23T12:00Z --node worker-1");
    sub->callback([text] {});
}

}  // namespace

void add_agent_command(CLI::App& root, int& exit_code) {
    auto* const agent = root.add_subcommand("agent", "What runs inside a shoot");
    agent->require_subcommand(1);
    add_configure(*agent, exit_code);
    add_heartbeat(*agent, exit_code);
    add_beat(*agent);
}

}  // namespace falconer::cli

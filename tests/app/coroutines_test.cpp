// Whichever of a process's background coroutines dies of a mistake of ours: it is begun anew, or
// the process is told that it has to end. None is missed in silence.
#include "app/local_api.hpp"
#include "app/process.hpp"
#include "app/server.hpp"
#include "falconer/net/token_keys.hpp"
#include "falconer/steady_time_source.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>
#include <unistd.h>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::IsEmpty;

class CoroutinesTest : public ::testing::Test {
protected:
    asio::io_context         loop{1};
    steady_time_source       time{loop.get_executor()};
    std::filesystem::path    folder = make_folder();
    local_api                api{loop.get_executor(), time, {.folder = folder / "api"}};
    std::unique_ptr<server>  us{};
    std::vector<std::string> lost{};

    static std::filesystem::path make_folder() {
        std::string name = ::testing::TempDir() + "falconer-coroutines-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        return name;
    }
    void SetUp() override {
        task_scope::on_loss([this](const std::string& what) { lost.push_back(what); });
        const auto started = api.start();
        ASSERT_TRUE(started) << started.error().detail;
        const auto key = net::private_key::generate(2048);
        ASSERT_TRUE(key);
        std::ofstream(folder / "keys.yaml")
            << net::go_keys_file({{key->its_public(), "2026-01-01T00:00:00Z"}});

        const asio::ip::tcp::endpoint anywhere{asio::ip::address_v4::loopback(), 0};
        configuration                 how;
        how.store.postgres.host        = (folder / "no-postgres").string();
        how.ingestor.listen            = anywhere;
        how.ingestor.keys_file         = folder / "keys.yaml";
        how.ingestor.spool.directory   = folder / "spool";
        how.controller.kubeconfig      = api.kubeconfig_file();
        how.controller.namespace_name  = "default";
        how.controller.rules           = "config/rules/demo";
        how.controller.leader_election = false;
        how.admission.kubeconfig       = api.kubeconfig_file();
        how.admission.namespace_name   = "default";
        how.admission.leader_election  = false;
        how.admission.mode             = webhook_mode::url;
        how.admission.listen           = anywhere;
        how.metrics = how.health = anywhere;
        us                       = std::make_unique<server>(
            loop.get_executor(), time, how,
            std::set<std::string>{"ingestor", "controller", "admission"}
        );
        const auto begun = test::run<result<void>>(loop, us->start());
        ASSERT_TRUE(begun) << begun.error().detail;
    }
    void TearDown() override {
        if (us) test::run(loop, us->stop());
        test::run(loop, api.stop());
        us.reset();
        task_scope::on_loss({});
        std::filesystem::remove_all(folder);
    }
    template <class Condition>
    bool eventually(Condition met, std::chrono::seconds within = 60s) {
        const auto end = std::chrono::steady_clock::now() + within;
        while (!met() && std::chrono::steady_clock::now() < end) {
            loop.restart();
            loop.run_for(5ms);
        }
        return met();
    }
    static bool is_there(const std::string& name) {
        return std::ranges::count(task_scope::everybody(), name) > 0;
    }
};

TEST_F(CoroutinesTest, NoneDiesInSilence) {
    // Those of the API server beside us are none of ours, and conversations come and go.
    const auto ours = [](const std::string& name) { return name != "session" && name != "batch"; };
    ASSERT_TRUE(eventually([] { return is_there("watches and heartbeat"); }));
    ASSERT_TRUE(eventually([] { return is_there("additional resources"); }));
    const auto all = task_scope::everybody();
    for (const auto* each :
         {"writer", "replay", "probe", "keys", "clusters", "policies", "quotas", "sweep",
          "ingest server", "health server", "metrics server", "housekeeping", "store watch",
          "signing keys", "controller", "admission", "webhook keeper"})
        EXPECT_THAT(all, Contains(each));

    std::set<std::string> tried;
    std::size_t           killed = 0;
    for (const auto& name : all) {
        if (!ours(name) || !tried.insert(name).second) continue;
        SCOPED_TRACE(name);
        const auto anew = task_scope::begun_anew();
        const auto gone = lost.size();
        if (!task_scope::kill(name)) continue;  // went with another one
        ++killed;
        ASSERT_TRUE(eventually([&] { return task_scope::begun_anew() > anew || lost.size() > gone; }
        ));
        if (lost.size() > gone)
            EXPECT_TRUE(lost.back().starts_with(name + ": ")) << lost.back();
        else
            EXPECT_TRUE(is_there(name));
    }
    EXPECT_GE(killed, 20u);
}

TEST_F(CoroutinesTest, WhatIsBegunAnewWorksAgain) {
    // The last to come: all the others have got as far as waiting for something, where they can
    // die.
    ASSERT_TRUE(eventually([] { return is_there("additional resources"); }));
    for (const auto* name :
         {"health server", "metrics server", "ingest server", "writer", "keys"}) {
        const auto anew = task_scope::begun_anew();
        ASSERT_TRUE(task_scope::kill(name));
        EXPECT_TRUE(eventually([&] { return task_scope::begun_anew() > anew; })) << name;
    }

    asio::ip::tcp::socket peer(loop);
    peer.connect({asio::ip::address_v4::loopback(), us->health_port()});
    asio::write(peer, asio::buffer(std::string("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")));
    peer.non_blocking(true);
    std::string answer;
    EXPECT_TRUE(eventually([&] {
        char            part[512];
        std::error_code ec;
        const auto      size = peer.read_some(asio::buffer(part), ec);
        answer.append(part, ec ? 0 : size);
        return answer.find("200 OK") != std::string::npos;
    })) << answer;
    EXPECT_THAT(lost, IsEmpty());
}

/// A process of which one part can be told to fail.
class fragile final : public application {
public:
    enum class part { nothing, start, reload, drain, background };

    fragile(asio::io_context& loop, part which) : which_(which), scope_(loop.get_executor()) {}

    task<result<void>> start() override {
        fail(part::start);
        if (which_ == part::background) scope_.spawn("background", die());
        if (which_ == part::reload) std::raise(SIGHUP);
        if (which_ == part::drain) std::raise(SIGTERM);
        co_return result<void>{};
    }
    void reload() override {
        std::raise(SIGTERM);
        fail(part::reload);
    }
    task<void> drain() override {
        drained = true;
        fail(part::drain);
        co_return;
    }
    task<void> stop() override {
        stopped = true;
        co_await scope_.stop();
    }

    bool drained = false, stopped = false;

private:
    void fail(part here) const {
        if (which_ == here) throw std::logic_error("told to");
    }
    static task<void> die() {
        throw std::logic_error("told to");
        co_return;
    }

    part       which_;
    task_scope scope_;
};

struct end_of_process {
    int  code    = 0;
    bool drained = false, stopped = false;

    friend bool operator==(const end_of_process&, const end_of_process&) = default;
};

end_of_process live(fragile::part which) {
    asio::io_context loop{1};
    fragile          what(loop, which);
    const int        code = run_process(loop, what);
    return {code, what.drained, what.stopped};
}

TEST(FragileProcessTest, EndsInOrderWhateverBreaks) {
    using part = fragile::part;
    EXPECT_EQ(live(part::background), (end_of_process{1, true, true}));
    EXPECT_EQ(live(part::start), (end_of_process{1, false, true}));
    EXPECT_EQ(live(part::reload), (end_of_process{0, true, true})) << "and goes on until then";
    EXPECT_EQ(live(part::drain), (end_of_process{0, true, true}));
}

}  // namespace
}  // namespace falconer::app

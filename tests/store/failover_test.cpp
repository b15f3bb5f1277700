#include "falconer/async.hpp"
#include "pg_fixture.hpp"
#include "store/pg_event_store.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <asio/ip/tcp.hpp>

#include <cerrno>
#include <list>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using testing::AllOf;
using testing::HasSubstr;

/// PostgreSQL on 127.0.0.1 and on a unix socket. Other addresses of this machine, at its port, are
/// hosts on which something is wrong.
class FailoverTest : public test::pg_fixture {
protected:
    const std::string folder   = there.host;
    const std::string good     = "127.0.0.1";
    const std::string mute_one = wrong_host(0), full_one = wrong_host(1),
                      closed_one = wrong_host(2);

    void SetUp() override {
        test::pg_fixture::SetUp();
        there.memory =
            std::make_shared<host_memory>();  // what the database was made through is no guide
    }
    /// One of three addresses of this machine that no other process of a test has.
    static std::string wrong_host(unsigned which) {
        const auto pid = static_cast<unsigned>(::getpid());
        return "127." + std::to_string(1 + 64 * which + (pid >> 16 & 63)) + '.' +
               std::to_string(pid >> 8 & 255) + '.' + std::to_string(pid & 255);
    }
    tcp::endpoint at(const std::string& address) const {
        return {asio::ip::make_address(address), there.port};
    }
    /// Which way a connection goes.
    std::string way_of(pg_connection& c) {
        return ask(c, "SELECT coalesce(host(inet_server_addr()), 'unix')");
    }
    /// Each try has its limit; that one comes through may take some on a busy machine.
    pg_connection::ptr opened_in_the_end() {
        const auto end = time.now() + falconer::test::patience;
        for (;;) {
            auto one = open(there);
            if (one) return std::move(*one);
            if (time.now() > end) throw std::runtime_error(one.error().detail);
        }
    }
};

/// A host that accepts, by its kernel, and says nothing.
class mute_host {
public:
    mute_host(asio::io_context& loop, const tcp::endpoint& at) : acceptor_(loop, at) {
        acceptor_.non_blocking(true);
    }
    /// How many have come.
    std::size_t callers() {
        std::error_code ec;
        for (;;) {
            tcp::socket next(acceptor_.get_executor());
            acceptor_.accept(next, ec);
            if (ec) return all_.size();
            all_.push_back(std::move(next));
        }
    }

private:
    tcp::acceptor          acceptor_;
    std::list<tcp::socket> all_;
};

/// A host that answers no packet: its queue of connections is full, and Linux says nothing then.
class swallowing_host {
public:
    swallowing_host(asio::io_context& loop, const tcp::endpoint& at) : acceptor_(loop) {
        acceptor_.open(at.protocol());
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        acceptor_.bind(at);
        acceptor_.listen(0);
        for (int i = 0; i < 4; ++i) {
            auto& one = queue_.emplace_back(loop);
            one.open(at.protocol());
            one.native_non_blocking(true);
            // Asio would wait for what never comes.
            const int begun = ::connect(one.native_handle(), at.data(), socklen_t(at.size()));
            EXPECT_TRUE(begun == 0 || errno == EINPROGRESS) << errno;
        }
    }

private:
    tcp::acceptor          acceptor_;
    std::list<tcp::socket> queue_;
};

TEST_F(FailoverTest, AHostThatSaysNothingCostsItsShareOfTheTimeAndOnlyOnce) {
    mute_host             mute(loop, at(mute_one));
    const swallowing_host swallows(loop, at(full_one));
    there.host                 = mute_one + "," + full_one + "," + good;
    there.target_session_attrs = "read-write";
    there.connect_limit        = 1500ms;
    auto first                 = opened_in_the_end();
    EXPECT_EQ(way_of(*first), good);
    EXPECT_GE(mute.callers(), 1u);
    EXPECT_EQ(there.memory->hosts().best(), good);

    const auto before   = mute.callers();
    there.connect_limit = 60s;
    auto another        = there;  // as the one who settles quotas has, and the one who reads
    another.user        = "postgres";
    auto second         = open(another);
    ASSERT_TRUE(second) << second.error().detail;
    EXPECT_EQ(mute.callers(), before) << "the one that worked last is asked first";
}

task<result<void>> open_and_forget(
    asio::any_io_executor loop, time_source& time, const pg_options& opt
) {
    auto opened = co_await pg_connection::open(loop, time, opt);
    if (!opened) co_return std::move(opened).error();
    co_return result<void>{};
}

TEST_F(FailoverTest, WhoHasNoTimeToWaitForAHostSparesItTheNextOne) {
    mute_host mute(loop, at(mute_one));
    there.host          = mute_one + "," + good;
    there.connect_limit = 10min;  // the writer of events breaks it off after storeTimeout
    auto whole          = open_and_forget(loop.get_executor(), time, there);
    auto broken_off     = await(with_timeout(time, 100ms, std::move(whole)));
    ASSERT_FALSE(broken_off);
    auto next = open(there);
    ASSERT_TRUE(next) << next.error().detail;
    EXPECT_EQ(mute.callers(), 1u);
}

TEST_F(FailoverTest, AllThatHostsHaveSaidIsInTheFailure) {
    const mute_host mute(loop, at(mute_one));
    there.host          = mute_one + "," + closed_one + "," + good;
    there.connect_limit = 3s;
    there.user          = login;
    there.password      = "guess";
    const auto refused  = open(there).error();
    EXPECT_EQ(refused.code, errc::unavailable) << "the one that knows us may be away";
    EXPECT_THAT(
        refused.detail, AllOf(
                            HasSubstr(mute_one + ": no answer in time"),
                            HasSubstr(closed_one + ": shaking hands: "), HasSubstr(good + ": ")
                        )
    );
    there.host          = folder + "," + good;
    there.connect_limit = 60s;
    EXPECT_EQ(open(there).error().code, errc::denied);
}

TEST_F(FailoverTest, AConnectionThatMeetsAReadOnlyServerIsGivenUpAndTheHostsAreAskedAgain) {
    there.host                   = good + "," + folder;
    const auto becomes_read_only = "SET default_transaction_read_only = on";
    auto       c                 = open();
    ask(*c, "CREATE TABLE scratch (n int)");
    EXPECT_EQ(way_of(*c), good);
    ask(*c, becomes_read_only);
    EXPECT_TRUE(c->usable()) << "who wants to read may";
    EXPECT_EQ(await(c->query("CREATE TABLE t ()", {}, 30s)).error().code, errc::unavailable);
    EXPECT_FALSE(c->usable());
    EXPECT_EQ(c->last_refusal(), "25006");

    c = open();
    EXPECT_EQ(way_of(*c), "unix");
    ask(*c, becomes_read_only);
    EXPECT_FALSE(await(c->copy_in("COPY scratch FROM STDIN", "1\n", 30s)));
    EXPECT_FALSE(c->usable());

    c = open();
    EXPECT_EQ(way_of(*c), good);
    ask(*c, becomes_read_only);
    const auto nothing = [](const pg_rows&) { return std::string_view("1\n"); };
    EXPECT_FALSE(await(c->run_copy_script(
        "SELECT 1; COPY scratch FROM STDIN", [] {}, nothing, 30s
    )));
    EXPECT_FALSE(c->usable());
    EXPECT_EQ(c->last_refusal(), "25006");
}

TEST_F(FailoverTest, WhoMustWriteLeavesAServerThatSaysItIsReadOnlyWithoutTrying) {
    there.host                 = good + "," + folder;
    there.target_session_attrs = "read-write";
    auto c                     = open();
    auto done                  = await(c->query("SET default_transaction_read_only = on", {}, 30s));
    EXPECT_TRUE(done) << done.error().detail;
    EXPECT_FALSE(c->usable());
    EXPECT_EQ(way_of(*open()), "unix");
}

TEST_F(FailoverTest, StandbysArePreferredOverAllHostsNotOverEachOne) {
    there.host                 = good + "," + folder;
    there.target_session_attrs = "prefer-standby";
    auto c                     = open();
    EXPECT_EQ(way_of(*c), good) << "there is none: any will do";
    there.target_session_attrs = "standby";
    EXPECT_EQ(open(there).error().code, errc::unavailable);
}

TEST_F(FailoverTest, APeerThatIsGoneIsNoticedWithoutAnybodyAsking) {
    there.host = good;
    auto c     = open();
    int  seen  = 0;
    for (int fd = 0; fd < 1024; ++fd) {
        sockaddr_in peer{};
        socklen_t   size = sizeof peer;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
        if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != there.port) continue;
        const auto option = [fd](int level, int name) {
            int       value  = 0;
            socklen_t length = sizeof value;
            EXPECT_EQ(::getsockopt(fd, level, name, &value, &length), 0);
            return value;
        };
        EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 20'000);
        EXPECT_NE(option(SOL_SOCKET, SO_KEEPALIVE), 0);
        EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 10);
        ++seen;
    }
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(way_of(*c), good);
}

TEST_F(FailoverTest, ABatchThatAStandbyRefusesGoesToTheOtherHostAtOnce) {
    auto admin = open();
    auto done  = await(migrate(*admin));
    ASSERT_TRUE(done) << done.error().detail;
    // What a standby says; who comes over TCP has come to one.
    auto set = await(admin->run_script(
        "CREATE FUNCTION standby() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "
        "inet_server_addr() IS NOT NULL THEN RAISE EXCEPTION 'cannot execute COPY FROM in a "
        "read-only transaction' USING ERRCODE = '25006'; END IF; RETURN NEW; END $$; CREATE "
        "TRIGGER standby BEFORE INSERT ON falconer.event FOR EACH ROW EXECUTE FUNCTION standby()",
        30s
    ));
    ASSERT_TRUE(set) << set.error().detail;
    there.host = good + "," + folder;
    // Another event each time: shortly after midnight what is there already is not inserted at all.
    const auto put = [&] {
        falco_event e;
        e.from     = std::make_shared<const cluster_identity>(cluster_identity{"a"});
        e.id       = uuid::random();
        e.received = time.utc();
        e.time     = event_time_of(e.received);
        e.texts.put(event_texts::part::rule, "r");
        e.texts.put(event_texts::part::output_fields, R"({"a":1})");
        record_batch batch;
        batch.id = uuid::random();
        batch.records.emplace_back(std::move(e));
        pg_event_store::options how{.postgres = there, .insert_limit = 30s};
        pg_event_store          store(loop.get_executor(), time, how);
        return await(store.insert(batch));
    };
    auto how = put();
    ASSERT_TRUE(how) << how.error().detail;
    EXPECT_EQ(*how, std::vector<stored_as>{stored_as::committed});

    there.memory = std::make_shared<host_memory>();
    there.host   = good;  // and nobody else: the spool will have it
    how          = put();
    ASSERT_FALSE(how);
    EXPECT_EQ(how.error().code, errc::unavailable) << how.error().detail;
}

}  // namespace
}  // namespace falconer::store

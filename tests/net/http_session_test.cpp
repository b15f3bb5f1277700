// What a connection's conversation does besides requests and answers: screening, limits, memory.
#include "net/http_server.hpp"

#include "support/loopback.hpp"

#include <fstream>

namespace falconer::net {
namespace {

using namespace std::chrono_literals;
using test::talker;

std::string post(const std::string& fields, const std::string& body = "") {
    return "POST /p HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}
std::string sized(std::size_t size, const std::string& fields = "") {
    return post(fields + "Content-Length: " + std::to_string(size) + "\r\n");
}
std::string text(std::size_t size) {
    return std::string(size, 'x');
}
/// Bytes: more than the system takes for a peer that reads nothing. Source: tcp(7)
std::size_t more_than_is_buffered() {
    std::size_t most = 16 * 1024 * 1024;
    for (const auto* of : {"tcp_rmem", "tcp_wmem"}) {
        std::ifstream file(std::string("/proc/sys/net/ipv4/") + of);
        std::size_t   least = 0, usual = 0, limit = 0;
        if (file >> least >> usual >> limit) most += limit;
    }
    return most;
}

/// Refuses who has no token before the body is read; answers when the test opens the gate.
class doorkeeper final : public http_handler {
public:
    explicit doorkeeper(time_source& time) : gate(time.make_bell()) {}

    std::optional<http_response> screen(http_request& head) override {
        lengths.push_back(head.content_length);
        EXPECT_TRUE(head.body.empty());
        if (head.headers.find("Authorization")) {
            head.context = std::make_shared<int>(42);
            return std::nullopt;
        }
        return http_response{.status = 401};
    }
    task<http_response> handle(http_request request) override {
        ++handled;
        size = request.body.size();
        EXPECT_EQ(*std::static_pointer_cast<int>(request.context), 42);
        if (hold) co_await gate->wait_until(never);
        co_return http_response{.body = text(answer)};
    }

    std::unique_ptr<bell>                     gate;
    std::vector<std::optional<std::uint64_t>> lengths;
    std::size_t                               handled = 0;
    std::size_t                               size    = 0;
    std::size_t                               answer  = 0;
    bool                                      hold    = false;
};

const std::string token = "Authorization: Bearer t\r\n";

class HttpSessionTest : public test::loopback_fixture {
protected:
    doorkeeper  handler{time};
    http_server server{
        loop.get_executor(),
        time,
        {.body_budget = 4 * 1024 * 1024, .connections = 8},  // three of them for large bodies
        handler
    };

    void SetUp() override {
        ASSERT_TRUE(server.listen({asio::ip::address_v4::loopback(), 0}));
        scope.spawn("server", server.run());
        time.settle();
    }
    void TearDown() override {
        scope.spawn("stop", server.stop());
        EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
        EXPECT_EQ(server.counts().body_bytes, 0u) << "somebody kept a share of the budget";
        EXPECT_EQ(server.counts().parked, 0u);
        actor_fixture::TearDown();
    }
    talker connect() { return talker{loop, server.port()}; }
    /// So much of a body, while the server reads it.
    void send(talker& who, std::size_t bytes) {
        while (bytes > 0) {
            const auto part   = std::min<std::size_t>(bytes, 20'000);
            const auto before = server.counts().bytes_in;
            who.say(text(part));
            eventually([&] { return server.counts().bytes_in > before; });
            bytes -= part;
        }
    }
    bool hears(talker& who, const char* status, int times = 1) {
        return eventually([&] { return who.answers(status) == times; });
    }
};

TEST_F(HttpSessionTest, AStrangerIsAnsweredBeforeItsBodyIsRead) {
    auto stranger = connect();
    stranger.say(sized(900'000));
    EXPECT_TRUE(hears(stranger, "401"));
    EXPECT_EQ(handler.lengths.at(0), 900'000u);
    EXPECT_EQ(handler.handled, 0u);
    EXPECT_NE(stranger.heard().find("Connection: close"), std::string::npos);
    EXPECT_TRUE(eventually([&] { return stranger.closed(); }));
    EXPECT_EQ(server.counts().screened, 1u);
}

TEST_F(HttpSessionTest, AStrangersShortBodyIsDroppedAndTheConversationGoesOn) {
    auto peer = connect();
    peer.say(sized(20'000) + text(7'000));
    eventually([&] { return !handler.lengths.empty(); });
    EXPECT_EQ(peer.heard(), "");
    peer.say(text(13'000) + sized(3, token) + "abc");
    EXPECT_TRUE(hears(peer, "200"));
    EXPECT_EQ(peer.answers("401"), 1);
    EXPECT_EQ(handler.size, 3u);
    EXPECT_FALSE(peer.closed());
}

TEST_F(HttpSessionTest, WhoSendsTooMuchHearsItAlthoughItNeverStopsSending) {
    auto peer = connect();
    peer.say(sized(1024 * 1024 + 1, token) + text(200'000));
    EXPECT_TRUE(hears(peer, "413"));
    for (int i = 0; i < 20; ++i) {
        peer.say(text(50'000));  // throws when the connection is reset
        eventually([] { return false; }, 1ms);
    }
    EXPECT_EQ(server.counts().refused_body, 1u);
    EXPECT_EQ(handler.handled, 0u);
    time.advance(4s);
    EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
}

TEST_F(HttpSessionTest, AnnouncingMuchCostsNoMemory) {
    auto peer = connect();
    peer.say(sized(1024 * 1024 * 1024ull, token));
    EXPECT_TRUE(hears(peer, "413"));
    EXPECT_EQ(server.counts().body_bytes, 0u);
}

TEST_F(HttpSessionTest, AChunkedBombEndsAtTheLimit) {
    auto bomb = connect();
    bomb.say(post(token + "Transfer-Encoding: chunked\r\n"));
    const auto chunk = "10000\r\n" + text(0x10000) + "\r\n";
    for (int i = 0; i < 17; ++i) {
        bomb.say(chunk);
        eventually([] { return false; }, 5ms);
    }
    EXPECT_TRUE(hears(bomb, "413"));
    EXPECT_EQ(handler.handled, 0u);
    EXPECT_TRUE(eventually([&] { return server.counts().body_bytes == 0; }));
}

TEST_F(HttpSessionTest, AnEndlessChunkHeaderIsRefused) {
    auto peer = connect();
    peer.say(post(token + "Transfer-Encoding: chunked\r\n", "1;" + text(40'000)));
    EXPECT_TRUE(hears(peer, "400"));
}

TEST_F(HttpSessionTest, AChunkedMegabyteArrivesWhole) {
    auto        peer = connect();
    std::string bytes;
    for (int i = 0; i < 100; ++i)
        bytes += "2710;ext=\"" + text(10) + "\"\r\n" + text(10'000) + "\r\n";
    peer.say(post(token + "Transfer-Encoding: chunked\r\n"));
    for (std::size_t at = 0; at < bytes.size(); at += 30'000) {
        peer.say(std::string_view(bytes).substr(at, 30'000));
        eventually([] { return false; }, 1ms);
    }
    peer.say("0\r\n\r\n");
    EXPECT_TRUE(hears(peer, "200"));
    EXPECT_EQ(handler.size, 1'000'000u);
}

TEST_F(HttpSessionTest, ToldToGoOnWhenItsTokenIsGood) {
    auto peer = connect();
    peer.say(sized(5, token + "Expect: 100-continue\r\n"));
    EXPECT_TRUE(hears(peer, "100 Continue"));
    EXPECT_EQ(handler.handled, 0u);
    peer.say("hello");
    EXPECT_TRUE(hears(peer, "200"));
    EXPECT_EQ(handler.size, 5u);
    EXPECT_FALSE(peer.closed());
}

TEST_F(HttpSessionTest, NotToldToGoOnWhenItIsNot) {
    auto peer = connect();
    peer.say(sized(5, "Expect: 100-continue\r\n"));
    EXPECT_TRUE(hears(peer, "401"));
    EXPECT_TRUE(eventually([&] { return peer.closed(); }));
    EXPECT_EQ(peer.answers("100"), 0);
}

TEST_F(HttpSessionTest, WhoSendsItsBodyAnywayIsNotToldToGoOn) {
    auto peer = connect();
    peer.say(sized(5, token + "Expect: 100-continue\r\n") + "hello");
    EXPECT_TRUE(hears(peer, "200"));
    EXPECT_EQ(peer.answers("100"), 0);
}

TEST_F(HttpSessionTest, AnnouncingAMegabyteKeepsNobodyWaiting) {
    std::vector<std::unique_ptr<talker>> peers;
    for (int i = 0; i < 6; ++i) {
        peers.push_back(std::make_unique<talker>(loop, server.port()));
        peers.back()->say(sized(1024 * 1024, token) + "x");
        eventually([&] { return handler.lengths.size() == peers.size(); });
    }
    EXPECT_EQ(server.counts().body_bytes, 0u);
    auto peer = connect();
    peer.say(sized(1024 * 1024, token));
    send(peer, 1024 * 1024);
    EXPECT_TRUE(hears(peer, "200"));
    EXPECT_EQ(handler.size, 1024u * 1024);
}

TEST_F(HttpSessionTest, LargeBodiesWaitForMemoryInTurnAndSmallOnesDoNot) {
    handler.hold = true;
    std::vector<std::unique_ptr<talker>> peers;
    for (int i = 0; i < 5; ++i) {  // two fit, a third one may go beyond
        peers.push_back(std::make_unique<talker>(loop, server.port()));
        peers.back()->say(sized(1024 * 1024, token));
        send(*peers.back(), i < 3 ? 1024 * 1024 - 1 : 20'000);
    }
    EXPECT_TRUE(eventually([&] { return server.counts().body_waiting == 2; }));
    EXPECT_GE(server.counts().body_bytes, 3u * 1024 * 1024);
    EXPECT_LE(server.counts().body_bytes, 4u * 1024 * 1024);

    auto small = connect(), middling = connect();
    small.say(sized(1400, token) + text(1400));
    EXPECT_TRUE(eventually([&] { return handler.handled == 1; }));
    handler.hold = false;  // the gate's bell is for one who waits
    middling.say(sized(10'000, token) + text(10'000));
    EXPECT_TRUE(hears(middling, "200"));
    EXPECT_EQ(handler.handled, 2u);

    time.advance(16s);
    for (const auto i : {3u, 4u})
        EXPECT_TRUE(eventually([&] { return peers[i]->answers("503") == 1; })) << i;
    EXPECT_EQ(server.counts().refused_budget, 2u);
    EXPECT_EQ(server.counts().closed_receive, 3u);
}

TEST_F(HttpSessionTest, WhoLeavesMakesRoomForWhoWaits) {
    std::vector<std::unique_ptr<talker>> peers;
    for (int i = 0; i < 4; ++i) {
        peers.push_back(std::make_unique<talker>(loop, server.port()));
        peers.back()->say(sized(1024 * 1024, token));
        send(*peers.back(), i < 3 ? 1024 * 1024 - 1 : 20'000);
    }
    EXPECT_TRUE(eventually([&] { return server.counts().body_waiting == 1; }));
    time.advance(10s);  // it has not been slow: we have
    peers[0]->leave();
    EXPECT_TRUE(eventually([&] { return server.counts().body_waiting == 0; }));
    time.advance(10s);
    send(*peers[3], 1024 * 1024 - 20'000);
    EXPECT_TRUE(hears(*peers[3], "200"));
}

TEST_F(HttpSessionTest, ALongHeaderIsPaidForUntilItHasBeenRead) {
    auto peer = connect();
    peer.say("POST /p HTTP/1.1\r\nHost: h\r\nX: " + text(13'000));
    EXPECT_TRUE(eventually([&] { return server.counts().body_bytes == 12u * 1024; }));
    peer.say("\r\n" + token + "Content-Length: 2\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return handler.lengths.size() == 1; }));
    EXPECT_TRUE(eventually([&] { return server.counts().body_bytes == 0; }));
    peer.say("ab");
    EXPECT_TRUE(hears(peer, "200"));
}

TEST_F(HttpSessionTest, MemoryIsGivenBackWhenTheHandlerHasAnswered) {
    handler.hold = true;
    auto peer    = connect();
    peer.say(sized(50'000, token));
    peer.say(text(50'000));
    EXPECT_TRUE(eventually([&] { return handler.handled == 1; }));
    EXPECT_EQ(server.counts().body_bytes, 50'000u);
    handler.gate->ring();
    EXPECT_TRUE(hears(peer, "200"));
    EXPECT_EQ(server.counts().body_bytes, 0u);
}

TEST_F(HttpSessionTest, AnIdleConnectionHoldsNoBufferAndWakesUpAllTheSame) {
    auto peer = connect();
    EXPECT_TRUE(eventually([&] { return server.counts().parked == 1; }));
    for (int round = 1; round <= 3; ++round) {
        peer.say(sized(2, token) + "ab");
        EXPECT_TRUE(hears(peer, "200", round));
        EXPECT_EQ(server.counts().parked, 0u);
        time.advance(3s);
        EXPECT_TRUE(eventually([&] { return server.counts().parked == 1; }));
    }
}

TEST_F(HttpSessionTest, WhoDoesNotTakeItsAnswerIsSentAway) {
    handler.answer = more_than_is_buffered();
    auto slow      = connect();
    slow.say(sized(2, token) + "ab");
    EXPECT_TRUE(eventually([&] { return handler.handled == 1; }));
    eventually([] { return false; }, 20ms);
    EXPECT_EQ(server.connections(), 1u);
    time.advance(16s);
    EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
    EXPECT_EQ(server.counts().closed_write, 1u);
    EXPECT_EQ(server.counts().abandoned, 1u);
}

TEST_F(HttpSessionTest, AnAnswerNobodyWaitsForIsCountedAsAbandoned) {
    handler.hold   = true;
    handler.answer = more_than_is_buffered();
    {
        auto peer = connect();
        peer.say(sized(2, token) + "ab");
        EXPECT_TRUE(eventually([&] { return handler.handled == 1; }));
    }
    handler.gate->ring();
    EXPECT_TRUE(eventually([&] { return server.counts().abandoned == 1; }));
}

TEST_F(HttpSessionTest, WorkForWhoHasGoneIsGivenUpWhereThatIsWanted) {
    handler.hold = true;
    http_server attentive(
        loop.get_executor(), time, {.connections = 8, .leave_with_peer = true}, handler
    );
    ASSERT_TRUE(attentive.listen({asio::ip::address_v4::loopback(), 0}));
    scope.spawn("attentive", attentive.run());
    {
        talker stays(loop, attentive.port());
        stays.say(sized(2, token) + "ab");
        EXPECT_TRUE(eventually([&] { return handler.handled == 1; }));
        time.advance(1s);
        EXPECT_EQ(attentive.connections(), 1u);
    }
    // Nobody else's answer waits for the gate: the handler itself has been cancelled.
    EXPECT_TRUE(eventually([&] {
        time.advance(500ms);
        return attentive.connections() == 0;
    }));
    EXPECT_EQ(attentive.counts().abandoned, 1u);
    scope.spawn("stop", attentive.stop());
    time.settle();
}

TEST_F(HttpSessionTest, AHandlerMayTakeItsTimeButNotForEver) {
    handler.hold = true;
    auto peer    = connect();
    peer.say(sized(2, token) + "ab");
    EXPECT_TRUE(eventually([&] { return handler.handled == 1; }));
    time.advance(44s);
    EXPECT_FALSE(peer.closed());
    time.advance(2s);
    EXPECT_TRUE(eventually([&] { return peer.closed(); }));
    EXPECT_EQ(server.counts().closed_answer, 1u);
    handler.gate->ring();
    EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
}

TEST_F(HttpSessionTest, AFloodOfSilentConnectionsMakesRoomForWhoHasSomethingToSay) {
    auto user = connect();
    user.say(sized(2, token) + "ab");
    EXPECT_TRUE(hears(user, "200"));
    std::vector<std::unique_ptr<talker>> flood;
    for (int i = 0; i < 7; ++i) flood.push_back(std::make_unique<talker>(loop, server.port()));
    EXPECT_TRUE(eventually([&] { return server.connections() == 8; }));

    auto late = connect();
    late.say(sized(2, token) + "ab");
    time.advance(1s);
    EXPECT_EQ(late.answers("200"), 0) << "each of them may yet say something";
    time.advance(2s);
    EXPECT_TRUE(hears(late, "200"));
    EXPECT_EQ(server.counts().closed_crowded, 1u);
    EXPECT_FALSE(user.closed());
}

TEST_F(HttpSessionTest, CountsWhatItRefuses) {
    const std::pair<const char*, std::string> bad[] = {
        {"400", "GET / HTTP/1.1\r\n\r\n"},
        {"505", "GET / HTTP/3.0\r\n\r\n"},
        {"431", "GET / HTTP/1.1\r\nHost: h\r\nA: " + text(20'000) + "\r\n\r\n"},
    };
    for (const auto& [status, bytes] : bad) {
        auto peer = connect();
        peer.say(bytes);
        EXPECT_TRUE(hears(peer, status));
        EXPECT_NE(peer.heard().find('\n', peer.heard().find("\r\n\r\n") + 4), std::string::npos);
    }
    const auto counts = server.counts();
    EXPECT_EQ(counts.accepted, 3u);
    EXPECT_EQ(counts.refused_malformed, 1u);
    EXPECT_EQ(counts.refused_version, 1u);
    EXPECT_EQ(counts.refused_header, 1u);
    EXPECT_EQ(counts.requests, 0u);
}

TEST_F(HttpSessionTest, ATakenPortIsSaidPlainly) {
    http_server second{loop.get_executor(), time, {}, handler};
    auto        listening = second.listen({asio::ip::address_v4::loopback(), server.port()});
    ASSERT_FALSE(listening);
    EXPECT_EQ(listening.error().code, errc::conflict);
    EXPECT_EQ(
        listening.error().detail, "address 127.0.0.1:" + std::to_string(server.port()) +
                                      " is in use: another program listens there"
    );
    scope.spawn("stop second", second.stop());
    time.settle();
    time.settle();
}

}  // namespace
}  // namespace falconer::net

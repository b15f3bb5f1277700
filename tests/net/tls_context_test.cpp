// Certificates from files: read, checked, re-read; and clients that must show one.
#include "net/tls_context.hpp"

#include "falconer/net/http_client.hpp"
#include "net/http_server.hpp"
#include "support/certificate.hpp"
#include "support/loopback.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace falconer::net {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using asked  = tls_server_context::client_certificate;

class echo final : public http_handler {
    task<http_response> handle(http_request request) override {
        co_return http_response{.body = std::move(request.body)};
    }
};

/// Certificates are made with the machine's clock, so that is the one they are judged by.
class TlsContextTest : public test::loopback_fixture {
protected:
    fs::path                            dir = make_directory();
    echo                                handler;
    http_server                         server{loop.get_executor(), time, {}, handler};
    std::unique_ptr<tls_server_context> context;
    std::unique_ptr<http_client>        client;

    ~TlsContextTest() override { fs::remove_all(dir); }

    static fs::path make_directory() {
        auto name = (fs::temp_directory_path() / "falconer-tls-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        return name;
    }
    static utc_time now() { return std::chrono::system_clock::now(); }

    fs::path put(const char* name, const std::string& text) const {
        const auto fresh = dir / (std::string(name) + ".new");
        std::ofstream(fresh) << text;
        fs::rename(fresh, dir / name);
        return dir / name;
    }
    test::certificate put_pair(const std::string& name) const {
        const auto made = test::make_certificate();
        put((name + ".pem").c_str(), made.chain);
        put((name + ".key").c_str(), made.key);
        return made;
    }
    tls_server_context::options pair(const std::string& name) const {
        return {.certificate = dir / (name + ".pem"), .key = dir / (name + ".key")};
    }
    void serve(tls_server_context::options which) {
        auto loaded = tls_server_context::load(std::move(which), now());
        ASSERT_TRUE(loaded) << loaded.error().detail;
        context = std::move(*loaded);
        ASSERT_TRUE(server.listen({asio::ip::address_v4::loopback(), 0}));
        scope.spawn("server", server.run([this](tcp_socket s) {
            return context->wrap(std::move(s));
        }));
        time.settle();
    }
    std::string text_of(const char* name) const {
        std::ifstream      file(dir / name);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
    void use(http_client::options how) {
        auto made = make_http_client(loop.get_executor(), time, std::move(how));
        ASSERT_TRUE(made) << made.error().detail;
        client = std::move(*made);
    }
    result<http_response> ask_with(const std::string& ca, const std::string& shown = {}) {
        http_client::options how{.ca = dir / ca};
        if (!shown.empty()) how.certificate = dir / (shown + ".pem");
        if (!shown.empty()) how.key = dir / (shown + ".key");
        auto made = make_http_client(loop.get_executor(), time, how);
        if (!made) return std::move(made).error();
        client = std::move(*made);
        return ask();
    }
    result<http_response> ask() {
        http_request request{.method = "POST", .body = "hello"};
        auto         answer = start(client->send(
            {.tls = true, .host = "localhost", .port = server.port()}, std::move(request)
        ));
        EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
        return std::move(answer->value());
    }
    void TearDown() override {
        client.reset();
        scope.spawn("stop", server.stop());
        EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
        actor_fixture::TearDown();
    }
    void expect_refused(
        tls_server_context::options which, const std::string& file, const char* why
    ) {
        expect_refused_at(std::move(which), (dir / file).string(), why);
    }
    void expect_refused_at(
        tls_server_context::options which, const std::string& place, const char* why
    ) {
        const auto loaded = tls_server_context::load(std::move(which), now());
        ASSERT_FALSE(loaded);
        EXPECT_NE(loaded.error().detail.find(place), std::string::npos) << loaded.error().detail;
        EXPECT_NE(loaded.error().detail.find(why), std::string::npos) << loaded.error().detail;
    }
};

TEST_F(TlsContextTest, ServesAClientThatTrustsIt) {
    put_pair("ours");
    serve(pair("ours"));
    auto answer = ask_with("ours.pem");
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->body, "hello");
}

TEST_F(TlsContextTest, AClientThatTrustsSomebodyElseSaysWhy) {
    put_pair("ours");
    put_pair("other");
    serve(pair("ours"));
    auto answer = ask_with("other.pem");
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().detail.find("certificate verify failed"), std::string::npos)
        << answer.error().detail;
}

TEST_F(TlsContextTest, NamesTheFileThatIsWrong) {
    put_pair("ours");
    put_pair("other");
    put("empty.pem", "");
    put("noise.key", "hello");
    expect_refused(
        {.certificate = dir / "none.pem", .key = dir / "ours.key"}, "none.pem", "No such file"
    );
    expect_refused(
        {.certificate = dir / "empty.pem", .key = dir / "ours.key"}, "empty.pem", "no certificate"
    );
    expect_refused(
        {.certificate = dir / "ours.pem", .key = dir / "noise.key"}, "noise.key", "no private key"
    );
    expect_refused(
        {.certificate = dir / "ours.pem", .key = dir / "other.key"}, "other.key", "does not belong"
    );
    auto wants_clients      = pair("ours");
    wants_clients.ask       = asked::require;
    wants_clients.client_ca = dir / "none.ca";
    expect_refused(wants_clients, "none.ca", "No such file");
    wants_clients.client_ca = dir;
    expect_refused_at(wants_clients, "client CA " + dir.string(), "Is a directory");
    expect_refused_at(
        {.certificate = dir, .key = dir / "ours.key"}, "certificate " + dir.string(),
        "Is a directory"
    );
    expect_refused_at(
        {.certificate = dir / "ours.pem", .key = dir}, "key " + dir.string(), "Is a directory"
    );
}

TEST_F(TlsContextTest, ADirectoryInTheFilesPlaceDoesNotEndTheWatch) {
    put_pair("ours");
    serve(pair("ours"));
    std::vector<std::string> heard;
    scope.spawn("watch", context->watch(time, 10s, [&](const result<bool>& what) {
        heard.push_back(what ? "new" : what.error().detail);
    }));
    fs::rename(dir / "ours.pem", dir / "old.pem");
    fs::create_directory(dir / "ours.pem");
    time.advance(30s);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_NE(heard[0].find("Is a directory"), std::string::npos) << heard[0];
    fs::remove(dir / "ours.pem");
    const auto fresh = test::make_certificate();
    put("ours.pem", fresh.chain);
    put("ours.key", fresh.key);
    time.advance(10s);
    ASSERT_EQ(heard.size(), 2u);
    EXPECT_EQ(heard[1], "new");
}

TEST_F(TlsContextTest, AnExpiredCertificateIsRefused) {
    put_pair("ours");
    const auto late = tls_server_context::load(pair("ours"), now() + 2h);
    ASSERT_FALSE(late);
    EXPECT_NE(late.error().detail.find("ours.pem expired on"), std::string::npos);
}

TEST_F(TlsContextTest, ANewPairIsUsedForNewConnectionsAndABrokenOneIsNot) {
    put_pair("ours");
    serve(pair("ours"));
    std::vector<std::string> heard;
    scope.spawn("watch", context->watch(time, 10s, [&](const result<bool>& what) {
        heard.push_back(what ? "new" : what.error().detail);
    }));
    time.advance(11s);
    EXPECT_TRUE(heard.empty());

    fs::copy(dir / "ours.pem", dir / "old.pem");
    const auto fresh = test::make_certificate();
    put("ours.pem", fresh.chain);  // half of the pair: the key is still the old one
    time.advance(30s);
    ASSERT_EQ(heard.size(), 1u) << "once, not at every look";
    EXPECT_NE(heard[0].find("keeping the old certificate"), std::string::npos);
    EXPECT_TRUE(ask_with("old.pem"));

    put("ours.key", fresh.key);
    time.advance(10s);
    ASSERT_EQ(heard.size(), 2u);
    EXPECT_EQ(heard[1], "new");
    EXPECT_TRUE(ask_with("ours.pem"));
    EXPECT_FALSE(ask_with("old.pem"));
}

TEST_F(TlsContextTest, WhoMustShowACertificateAndDoesNotIsSentAway) {
    put_pair("ours");
    put_pair("client");
    put_pair("stranger");
    auto which      = pair("ours");
    which.ask       = asked::require;
    which.client_ca = dir / "client.pem";
    serve(which);
    EXPECT_FALSE(ask_with("ours.pem"));
    EXPECT_FALSE(ask_with("ours.pem", "stranger"));
    EXPECT_TRUE(ask_with("ours.pem", "client"));
    EXPECT_EQ(server.counts().requests, 1u);
}

TEST_F(TlsContextTest, WhoMayShowACertificateNeedNotButItMustBeGood) {
    put_pair("ours");
    put_pair("client");
    put_pair("stranger");
    auto which      = pair("ours");
    which.ask       = asked::request;
    which.client_ca = dir / "client.pem";
    serve(which);
    EXPECT_TRUE(ask_with("ours.pem"));
    EXPECT_TRUE(ask_with("ours.pem", "client"));
    EXPECT_FALSE(ask_with("ours.pem", "stranger"));
}

TEST_F(TlsContextTest, WhoeverAnswersIsBelievedWhereThatIsWanted) {
    put_pair("ours");
    put_pair("other");
    serve(pair("ours"));
    use({.ca = dir / "other.pem", .anybody = true});
    auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->body, "hello");
}

TEST_F(TlsContextTest, ACaThatHasChangedIsUsedWithoutARestart) {
    put_pair("ours");
    put_pair("other");
    put("ca", text_of("other.pem"));
    serve(pair("ours"));
    use({.ca = dir / "ca"});
    EXPECT_FALSE(ask());
    put("ca", text_of("ours.pem"));
    time.advance(1s);
    auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;

    put("ca", "");  // half of it, and none at all
    time.advance(1s);
    EXPECT_TRUE(ask()) << "the one before is kept";
    fs::remove(dir / "ca");
    time.advance(1s);
    EXPECT_TRUE(ask());
    EXPECT_EQ(server.counts().accepted, 2u) << "… and so are its connections";

    put("ca", text_of("other.pem"));  // whom we no longer trust is not asked over an old connection
    time.advance(1s);
    EXPECT_FALSE(ask());
}

TEST_F(TlsContextTest, AClientCertificateThatHasChangedIsShownFromThenOn) {
    put_pair("ours");
    put_pair("stranger");
    const auto fresh = put_pair("client");
    auto       which = pair("ours");
    which.ask        = asked::require;
    which.client_ca  = dir / "client.pem";
    serve(which);
    put("shown.pem", text_of("stranger.pem"));
    put("shown.key", text_of("stranger.key"));
    use({.ca = dir / "ours.pem", .certificate = dir / "shown.pem", .key = dir / "shown.key"});
    EXPECT_FALSE(ask());
    put("shown.pem", fresh.chain);  // half of the pair
    time.advance(1s);
    EXPECT_FALSE(ask());
    put("shown.key", fresh.key);
    time.advance(1s);
    auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
}

TEST_F(TlsContextTest, AParkedTlsConnectionWakesUp) {
    put_pair("ours");
    serve(pair("ours"));
    ASSERT_TRUE(ask_with("ours.pem"));
    time.advance(3s);
    EXPECT_TRUE(eventually([&] { return server.counts().parked == 1; }));
    auto again = start(client->send(
        {.tls = true, .host = "localhost", .port = server.port()}, {.method = "POST", .body = "two"}
    ));
    ASSERT_TRUE(eventually([&] { return again->has_value(); }));
    ASSERT_TRUE(**again) << (**again).error().detail;
    EXPECT_EQ((***again).body, "two");
    EXPECT_EQ(server.counts().accepted, 1u) << "the connection was kept";
}

TEST_F(TlsContextTest, TheEndOfACertificateIsReadFromItsFile) {
    put_pair("ours");
    const auto end = certificate_end(dir / "ours.pem");
    ASSERT_TRUE(end) << end.error().detail;
    EXPECT_GT(*end, now() + 30min);
    EXPECT_LE(*end, now() + 1h);
    EXPECT_FALSE(certificate_end(dir / "nowhere"));
    EXPECT_EQ(certificate_end(dir / "ours.key").error().code, errc::malformed);
}

}  // namespace
}  // namespace falconer::net

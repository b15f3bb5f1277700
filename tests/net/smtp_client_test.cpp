#include "falconer/net/smtp_client.hpp"

#include "net/smtp_talk.hpp"
#include "net/tls_context.hpp"
#include "support/certificate.hpp"
#include "support/loopback.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace falconer::net {
namespace {

using namespace std::chrono_literals;

TEST(SmtpReplyTest, IsTakenLineByLine) {
    std::string bytes = "250-mail.example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n354 go";
    auto        reply = take_reply(bytes);
    ASSERT_TRUE(reply && *reply);
    EXPECT_EQ((*reply)->code, 250);
    EXPECT_TRUE((*reply)->offers("starttls"));
    EXPECT_FALSE((*reply)->offers("START"));
    EXPECT_EQ((*reply)->parameters_of("AUTH"), "PLAIN LOGIN");
    EXPECT_EQ(bytes, "354 go");
    reply = take_reply(bytes);
    ASSERT_TRUE(reply);
    EXPECT_FALSE(*reply) << "its line has no end yet";
    bytes += "\n";
    reply  = take_reply(bytes);
    ASSERT_TRUE(reply && *reply);
    EXPECT_EQ((*reply)->text(), "354 go");
}

TEST(SmtpReplyTest, RefusesWhatIsNone) {
    for (std::string bad :
         {"HTTP/1.1 200 OK\r\n", "25\r\n", "250_x\r\n", "150 x\r\n", "650 x\r\n", "\r\n",
          "250-a\r\n251 b\r\n", "-250 a\r\n"})
        EXPECT_FALSE(take_reply(bad)) << bad;
    std::string endless(longest_reply + 1, '2');
    EXPECT_FALSE(take_reply(endless));
    std::string odd = "550 no\x1b[31m \xff\r\n";
    EXPECT_EQ((**take_reply(odd)).text(), "550 no?[31m ?");
}

TEST(SmtpTextTest, HasADotBeforeEveryDot) {
    EXPECT_EQ(dotted("a\r\n.b\r\n..\r\n"), "a\r\n..b\r\n...\r\n.\r\n");
    EXPECT_EQ(dotted(".\r\nQUIT\r\n"), "..\r\nQUIT\r\n.\r\n");
    EXPECT_EQ(dotted("no end"), "no end\r\n.\r\n");
}

TEST(MailAddressTest, IsOneThatCannotEndACommand) {
    for (const auto* good : {"a@b", "on-call+falco@example.org", "o'neil@example.org"})
        EXPECT_TRUE(is_mail_address(good)) << good;
    for (const auto* bad :
         {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b>", "<a@b>", "a@b\r\nDATA", "\"a\"@b", "a,b@c",
          "ä@b", "a@b;"})
        EXPECT_FALSE(is_mail_address(bad)) << bad;
    EXPECT_FALSE(is_mail_address(std::string(65, 'a') + "@b"));
    EXPECT_FALSE(is_mail_address("a@" + std::string(253, 'b')));
}

/// A mail server that answers commands by their first words.
class SmtpClientTest : public test::loopback_fixture {
protected:
    asio::ip::tcp::acceptor            acceptor{loop, {asio::ip::address_v4::loopback(), 0}};
    std::map<std::string, std::string> replies{
        {"", "220 mail ready\r\n"},
        {"EHLO", "250-mail\r\n250-STARTTLS\r\n250 AUTH LOGIN PLAIN\r\n"},
        {"STARTTLS", "220 go\r\n"},
        {"AUTH PLAIN", "235 welcome\r\n"},
        {"MAIL", "250 ok\r\n"},
        {"RCPT", "250 ok\r\n"},
        {"DATA", "354 go on\r\n"},
        {".", "250 queued as 17\r\n"},
        {"QUIT", "221 bye\r\n"}
    };
    std::vector<std::string>            heard{};  // lines; "TLS" where it began
    test::temporary_folder              folder;
    std::string                         chain, key;
    std::unique_ptr<tls_server_context> tls;

    void SetUp() override {
        const auto pair = test::make_certificate();
        chain           = (folder / "chain").string();
        key             = (folder / "key").string();
        std::ofstream(chain) << pair.chain;
        std::ofstream(key) << pair.key;
        auto loaded = tls_server_context::load(
            {.certificate = chain, .key = key}, std::chrono::system_clock::now()
        );
        ASSERT_TRUE(loaded) << loaded.error().detail;
        tls = std::move(*loaded);
        scope.spawn("mail server", accept());
        time.settle();
    }
    void TearDown() override {
        acceptor.close();
        loopback_fixture::TearDown();
    }

    smtp_client::options options(smtp_client::safety safe = smtp_client::safety::starttls) {
        return {
            .host = "localhost", .port = acceptor.local_endpoint().port(), .safe = safe, .ca = chain
        };
    }
    static mail message() {
        return {
            .from = "f@example.org",
            .to   = {"a@example.org", "b@example.org"},
            .text = "Subject: x\r\n\r\n.hidden\r\n"
        };
    }
    mail_answer send(smtp_client::options opt, mail what = message()) {
        auto client = make_smtp_client(loop.get_executor(), time, std::move(opt));
        EXPECT_TRUE(client);
        auto answer = start((*client)->send(std::move(what)));
        EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
        return answer->value_or(mail_answer{});
    }
    bool was_heard(const std::string& line) {
        return std::ranges::find(heard, line) != heard.end();
    }

private:
    task<void> accept() {
        for (;;) {
            auto [ec, socket] = co_await acceptor.async_accept(no_throw);
            if (ec) co_return;
            scope.spawn("mail", serve(std::move(socket)));
        }
    }
    std::string reply_to(const std::string& line) {
        for (const auto& [command, reply] : replies)
            if (!command.empty() && line.starts_with(command)) return reply;
        return "500 what?\r\n";
    }
    task<void> serve(tcp_socket socket) {
        auto                   peer  = plain_stream(std::move(socket));
        auto                   hello = replies[""];
        std::string            waiting;
        std::array<char, 1000> some;
        bool                   data = false;
        auto                   said = co_await peer->write_all(hello);
        while (said) {
            const auto end = waiting.find("\r\n");
            if (end == waiting.npos) {
                auto size = co_await peer->read_some(some);
                if (!size || *size == 0) co_return;
                waiting.append(some.data(), *size);
                continue;
            }
            const auto line = waiting.substr(0, end);
            waiting.erase(0, end + 2);
            heard.push_back(line);
            if (data && line != ".") continue;
            const auto reply = reply_to(line);
            data             = line == "DATA" && reply.starts_with("354");
            said             = co_await peer->write_all(reply);
            if (line != "STARTTLS" || !reply.starts_with("220")) continue;
            auto taken = taken_from(*peer);
            peer       = tls->wrap(std::move(*taken));
            auto ready = co_await peer->open();
            if (!ready) co_return;
            heard.emplace_back("TLS");
        }
    }
};

TEST_F(SmtpClientTest, HandsOverAMessageThroughTls) {
    const auto answer = send(options());
    EXPECT_TRUE(answer.taken) << answer.said;
    EXPECT_EQ(answer.said, "250 queued as 17");
    EXPECT_TRUE(eventually([&] { return was_heard("QUIT"); }));
    const std::vector<std::string> expected{
        "EHLO localhost",
        "STARTTLS",
        "TLS",
        "EHLO localhost",
        "MAIL FROM:<f@example.org>",
        "RCPT TO:<a@example.org>",
        "RCPT TO:<b@example.org>",
        "DATA",
        "Subject: x",
        "",
        "..hidden",
        ".",
        "QUIT"
    };
    EXPECT_EQ(heard, expected);
}

TEST_F(SmtpClientTest, LogsInOnlyThroughTls) {
    auto opt     = options();
    opt.user     = "me";
    opt.password = [] { return result<secret>(secret("hush")); };
    EXPECT_TRUE(send(opt).taken);
    EXPECT_TRUE(was_heard("AUTH PLAIN AG1lAGh1c2g="));
    heard.clear();
    opt.safe          = smtp_client::safety::none;
    const auto answer = send(opt);
    EXPECT_FALSE(answer.taken);
    EXPECT_FALSE(answer.permanent) << "somebody will mend it";
    for (const auto& line : heard) EXPECT_FALSE(line.starts_with("AUTH")) << line;
}

TEST_F(SmtpClientTest, ALoginThatIsRefusedIsTriedAgainAndSaysNoPassword) {
    auto opt              = options();
    opt.user              = "me";
    opt.password          = [] { return result<secret>(secret("hush")); };
    replies["AUTH PLAIN"] = "535 5.7.8 no\r\n";
    const auto answer     = send(opt);
    EXPECT_FALSE(answer.taken);
    EXPECT_FALSE(answer.permanent);
    EXPECT_NE(answer.said.find("535"), std::string::npos);
    EXPECT_EQ(answer.said.find("hush"), std::string::npos);
}

TEST_F(SmtpClientTest, GoesNoFurtherWithoutTls) {
    replies["EHLO"]   = "250 mail\r\n";  // as who sits between them would have it
    const auto answer = send(options());
    EXPECT_FALSE(answer.taken);
    EXPECT_NE(answer.said.find("STARTTLS"), std::string::npos) << answer.said;
    for (const auto& line : heard) EXPECT_FALSE(line.starts_with("MAIL")) << line;
}

TEST_F(SmtpClientTest, BelievesNothingThatWasSaidBeforeTls) {
    replies["STARTTLS"] = "220 go\r\n250 AUTH PLAIN\r\n";
    const auto answer   = send(options());
    EXPECT_FALSE(answer.taken);
    EXPECT_FALSE(was_heard("MAIL FROM:<f@example.org>"));
}

TEST_F(SmtpClientTest, AsksForTheServersCertificate) {
    auto opt          = options();
    opt.ca            = {};  // what the system trusts, and that is not ours
    const auto answer = send(opt);
    EXPECT_FALSE(answer.taken);
    EXPECT_NE(answer.said.find("certificate"), std::string::npos) << answer.said;
}

TEST_F(SmtpClientTest, TellsARefusalForGoodFromOneForNow) {
    replies["RCPT"] = "550 5.1.1 nobody\r\n";
    auto answer     = send(options());
    EXPECT_FALSE(answer.taken);
    EXPECT_TRUE(answer.permanent);
    EXPECT_EQ(answer.said, "RCPT: 550 5.1.1 nobody");
    replies["RCPT"] = "451 4.7.1 greylisted\r\n";
    answer          = send(options());
    EXPECT_FALSE(answer.permanent);
    replies["RCPT"] = "250 ok\r\n";
    replies["."]    = "552 too large\r\n";
    answer          = send(options());
    EXPECT_TRUE(answer.permanent);
    replies[""] = "421 busy\r\n";
    EXPECT_FALSE(send(options()).permanent);
    replies[""] = "garbage\r\n";
    answer      = send(options());
    EXPECT_FALSE(answer.taken);
    EXPECT_FALSE(answer.permanent);
}

TEST_F(SmtpClientTest, GivesUpInTime) {
    replies["DATA"] = "";  // not a word
    auto client     = make_smtp_client(loop.get_executor(), time, options());
    ASSERT_TRUE(client);
    auto answer = start((*client)->send(message()));
    EXPECT_TRUE(eventually([&] { return was_heard("DATA"); }));
    time.advance(31s);
    EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
    EXPECT_FALSE((*answer)->taken);
    EXPECT_FALSE((*answer)->permanent);
}

TEST_F(SmtpClientTest, SendsToNoAddressThatIsNone) {
    auto what = message();
    what.to   = {"a@b>\r\nDATA"};
    EXPECT_TRUE(send(options(), what).permanent);
    EXPECT_TRUE(heard.empty());
}

TEST_F(SmtpClientTest, AsksThePolicyWhereItMayConnect) {
    auto opt          = options();
    opt.policy        = std::make_shared<const address_policy>(address_policy::options{});
    const auto answer = send(opt);
    EXPECT_TRUE(answer.permanent);
    EXPECT_TRUE(heard.empty());
}

}  // namespace
}  // namespace falconer::net

#include "falconer/net/smtp_client.hpp"

#include "falconer/async.hpp"
#include "falconer/base64.hpp"
#include "smtp_talk.hpp"
#include "tcp_stream.hpp"
#include "tls_context.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace falconer::net {
namespace {

using safety = smtp_client::safety;

/// What a step of the conversation came to that was not good.
mail_answer refusal(const smtp_reply& by, std::string_view doing) {
    return {.permanent = by.permanent(), .said = std::string(doing) + ": " + by.text()};
}
/// … where another login or another server would mend it: worth another try.
failure trouble(const smtp_reply& by, std::string_view doing) {
    return failure{errc::unavailable, by.text()}.while_doing(doing);
}

class one_mail_a_connection final : public smtp_client {
public:
    one_mail_a_connection(
        asio::any_io_executor loop, time_source& time, options opt,
        std::unique_ptr<tls_client_context> tls
    )
        : loop_(std::move(loop)), time_(time), opt_(std::move(opt)), tls_(std::move(tls)) {}

    task<mail_answer> send(mail what) override {
        auto work = hand_over(std::move(what));
        auto done = co_await with_timeout(time_, opt_.whole, std::move(work));
        if (done) co_return std::move(*done);
        mail_answer not_taken;
        not_taken.permanent = done.error().code == errc::denied;
        not_taken.said      = done.error().detail;
        co_return not_taken;
    }

private:
    task<result<mail_answer>> hand_over(mail what) {
        const bool sendable = !what.to.empty() && is_mail_address(what.from) &&
                              std::ranges::all_of(what.to, is_mail_address);
        if (!sendable) {
            mail_answer bad;
            bad.permanent = true;
            bad.said      = "an address is not one";
            co_return bad;
        }
        auto begun = co_await reach();
        if (!begun) co_return std::move(begun).error();
        auto& talk = **begun;
        auto  able = co_await greet(talk);
        if (!able) co_return std::move(able).error();
        auto known = co_await log_in(talk, *able);
        if (!known) co_return std::move(known).error();
        auto answer = co_await convey(talk, what);
        if (answer) {
            auto quit = std::string("QUIT\r\n");
            static_cast<void>(co_await talk.say(std::move(quit)));  // it has been taken, or not
        }
        co_return std::move(answer);
    }

    task<result<std::unique_ptr<smtp_talk>>> reach() {
        auto service = std::to_string(opt_.port);
        auto work    = connect(loop_, opt_.host, std::move(service), opt_.policy.get());
        auto socket  = co_await with_timeout(time_, opt_.connect, std::move(work));
        if (!socket) co_return std::move(socket).error();
        std::unique_ptr<byte_stream> peer;
        if (opt_.safe == safety::tls)
            peer = tls_client_stream(std::move(*socket), trusted(), opt_.host);
        else
            peer = plain_stream(std::move(*socket));
        auto ready = co_await peer->open();
        if (!ready) co_return std::move(ready).error();
        co_return std::make_unique<smtp_talk>(std::move(peer));
    }

    /// What the server offers, over TLS if there is to be TLS.
    task<result<smtp_reply>> greet(smtp_talk& talk) {
        auto hello = co_await talk.hear();
        if (!hello) co_return std::move(hello).error();
        if (!hello->good()) co_return trouble(*hello, "connecting");
        auto able = co_await say_hello(talk);
        if (!able || opt_.safe != safety::starttls) co_return std::move(able);
        if (!able->offers("STARTTLS"))
            co_return failure{errc::unavailable, "the server offers no STARTTLS"};
        auto command = std::string("STARTTLS\r\n");
        auto begin   = co_await talk.ask(std::move(command));
        if (!begin) co_return std::move(begin).error();
        if (!begin->good()) co_return trouble(*begin, "STARTTLS");
        auto socket = taken_from(talk.peer());
        if (!talk.heard_all() || !socket)
            co_return failure{errc::malformed, "the server spoke before TLS began"};
        talk.go_on_with(tls_client_stream(std::move(*socket), trusted(), opt_.host));
        auto ready = co_await talk.peer().open();
        if (!ready) co_return std::move(ready).error();
        co_return co_await say_hello(talk);  // what it said before counts no longer: RFC 3207 §4.2
    }

    task<result<smtp_reply>> say_hello(smtp_talk& talk) {
        auto command = "EHLO " + opt_.hello + "\r\n";
        auto able    = co_await talk.ask(std::move(command));
        if (able && !able->good()) co_return trouble(*able, "EHLO");
        co_return std::move(able);
    }

    task<result<void>> log_in(smtp_talk& talk, const smtp_reply& able) {
        if (opt_.user.empty()) co_return result<void>{};
        if (opt_.safe == safety::none)
            co_return failure{errc::unavailable, "a password is not sent without TLS"};
        auto password = opt_.password();
        if (!password) co_return std::move(password).error();
        const auto ways = ' ' + able.parameters_of("AUTH").value_or("") + ' ';
        if (ways.find(" PLAIN ") != ways.npos) {
            auto credentials = std::string(1, '\0') + opt_.user + '\0' + password->reveal();
            auto command     = "AUTH PLAIN " + encode_base64(credentials) + "\r\n";
            auto done        = co_await talk.ask(std::move(command));
            co_return verdict_of(std::move(done));
        }
        if (ways.find(" LOGIN ") == ways.npos)
            co_return failure{errc::unavailable, "the server offers no login that we know"};
        auto command = std::string("AUTH LOGIN\r\n");
        auto asked   = co_await talk.ask(std::move(command));
        if (!asked) co_return std::move(asked).error();
        if (asked->code != 334) co_return trouble(*asked, "logging in");
        auto user = encode_base64(opt_.user) + "\r\n";
        auto next = co_await talk.ask(std::move(user));
        if (!next) co_return std::move(next).error();
        if (next->code != 334) co_return trouble(*next, "logging in");
        auto last = encode_base64(password->reveal()) + "\r\n";
        auto done = co_await talk.ask(std::move(last));
        co_return verdict_of(std::move(done));
    }

    static result<void> verdict_of(result<smtp_reply> login) {
        if (!login) return std::move(login).error();
        if (!login->good()) return trouble(*login, "logging in");
        return {};
    }

    task<result<mail_answer>> convey(smtp_talk& talk, const mail& what) {
        auto from   = "MAIL FROM:<" + what.from + ">\r\n";
        auto sender = co_await talk.ask(std::move(from));
        if (!sender) co_return std::move(sender).error();
        if (!sender->good()) co_return trouble(*sender, "MAIL");
        std::size_t               refused = 0;
        std::optional<smtp_reply> why;
        for (const auto& each : what.to) {
            auto to       = "RCPT TO:<" + each + ">\r\n";
            auto receiver = co_await talk.ask(std::move(to));
            if (!receiver) co_return std::move(receiver).error();
            if (receiver->good()) continue;
            ++refused;
            if (!why || why->permanent()) why = std::move(*receiver);
        }
        if (refused == what.to.size()) co_return refusal(*why, "RCPT");
        auto command = std::string("DATA\r\n");
        auto begin   = co_await talk.ask(std::move(command));
        if (!begin) co_return std::move(begin).error();
        if (begin->code != 354) co_return refusal(*begin, "DATA");
        auto text = dotted(what.text);
        auto end  = co_await talk.ask(std::move(text));
        if (!end) co_return std::move(end).error();
        if (!end->good()) co_return refusal(*end, "DATA");
        mail_answer answer;
        answer.taken = true;
        answer.said  = end->text();
        if (refused > 0)
            answer.said += "; " + std::to_string(refused) + " addresses refused: " + why->text();
        co_return answer;
    }

    /// A CA that has been renewed counts at once; one that cannot be read leaves the old one.
    asio::ssl::context& trusted() {
        const auto changed = tls_->reload(time_.utc());
        if (!changed)
            log_of("net").warn("the mail server's CA cannot be used: {}", changed.error().detail);
        return tls_->now();
    }

    asio::any_io_executor               loop_;
    time_source&                        time_;
    options                             opt_;
    std::unique_ptr<tls_client_context> tls_;
};

}  // namespace

bool is_mail_address(std::string_view text) {
    const auto at = text.find('@');
    if (at == 0 || at == text.npos || at > 64 || at + 1 == text.size() || text.size() > 254)
        return false;
    return std::ranges::all_of(
               text,
               [](char c) {
                   return c > ' ' && c < 0x7F &&
                          std::string_view("<>()[]\\,;:\"").find(c) == std::string::npos;
               }
           ) &&
           text.find('@', at + 1) == text.npos;
}

result<std::unique_ptr<smtp_client>> make_smtp_client(
    asio::any_io_executor loop, time_source& time, smtp_client::options opt
) {
    auto tls = tls_client_context::load({.ca = opt.ca}, time.utc());
    if (!tls) return std::move(tls).error();
    return std::unique_ptr<smtp_client>(std::make_unique<one_mail_a_connection>(
        std::move(loop), time, std::move(opt), std::move(*tls)
    ));
}

}  // namespace falconer::net

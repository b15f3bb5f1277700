#include "alerts/channels/kinds.hpp"
#include "falconer/utf8.hpp"
#include "notifications.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <functional>
#include <map>
#include <string>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;

value parsed(const std::string& text) {
    auto is = parse_json(text);
    EXPECT_TRUE(is) << text.substr(0, 300);
    return is ? std::move(*is) : value();
}

/// Every text in a tree, keys too.
void each_text(const value& in, const std::function<void(const std::string&)>& on) {
    if (in.text() != nullptr) on(*in.text());
    for (const auto& item : in.items()) each_text(item, on);
    for (const auto& entry : in.entries()) {
        on(entry.key);
        each_text(entry.is, on);
    }
}

std::string title_of(const notification& what) {
    return title_for({}, what);
}

/// Source of the vector: https://github.com/standard-webhooks/standard-webhooks , the libraries'
/// tests.
TEST(WebhookSignatureTest, IsThatOfStandardWebhooks) {
    EXPECT_EQ(
        webhook_signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
            R"({"test": 2432232314})"
        ),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
    EXPECT_NE(webhook_signature("a", "1", "2", "3"), webhook_signature("b", "1", "2", "3"));
}

TEST(SlackBodyTest, SaysWhatHappened) {
    const auto what = a_notification();
    const auto body = parsed(slack_body(what, title_of(what)));
    EXPECT_EQ(body.text_at({"text"}), "Shell in production: shoot--shop--prod");
    const auto& attachment = body.find("attachments")->items().at(0);
    EXPECT_EQ(attachment.text_at({"title"}), "Shell in production");
    EXPECT_EQ(attachment.text_at({"title_link"}), "https://runbooks.example.org/shell?x=1");
    EXPECT_EQ(attachment.text_at({"color"}), "#a30200");
    std::map<std::string, std::string> fields;
    for (const auto& each : attachment.find("fields")->items())
        fields[std::string(each.text_at({"title"}))] = each.text_at({"value"});
    EXPECT_EQ(fields["k8s.ns.name"], "payments");
    EXPECT_EQ(fields["events"], "7");
    EXPECT_EQ(fields["started"], "2026-12-01T12:00:00Z");
    EXPECT_EQ(fields["output"], "shell in container (user=root)");
}

TEST(SlackBodyTest, LeavesNoMarkupMentionOrLinkWhole) {
    for (const auto& text : hostile_texts()) {
        const auto what = a_hostile_notification(text);
        const auto json = slack_body(what, title_of(what));
        EXPECT_LE(json.size(), 16u * 1024) << text.substr(0, 50);
        each_text(parsed(json), [&](const std::string& said) {
            EXPECT_EQ(said.find('<'), said.npos) << said;
            EXPECT_EQ(said.find('>'), said.npos) << said;
            EXPECT_EQ(said.find("]("), said.npos) << said;
            EXPECT_EQ(said.find("@c"), said.npos) << said;
            EXPECT_EQ(said.find("@everyone"), said.npos) << said;
            EXPECT_EQ(said.find('\n'), said.npos) << said;
        });
    }
}

TEST(TeamsBodyTest, IsACardOfPlainRuns) {
    const auto what = a_notification();
    const auto body = parsed(teams_body(what, title_of(what)));
    EXPECT_EQ(body.text_at({"type"}), "message");
    const auto& attachment = body.find("attachments")->items().at(0);
    EXPECT_EQ(attachment.text_at({"contentType"}), "application/vnd.microsoft.card.adaptive");
    const auto* card = attachment.find("content");
    ASSERT_NE(card, nullptr);
    EXPECT_EQ(card->text_at({"type"}), "AdaptiveCard");
    const auto& heading = card->find("body")->items().at(0);
    EXPECT_EQ(heading.text_at({"type"}), "RichTextBlock");
    EXPECT_EQ(heading.find("inlines")->items().at(0).text_at({"text"}), title_of(what));
    EXPECT_EQ(card->find("actions")->items().at(0).text_at({"url"}), what.alerts[0].runbook);
}

TEST(TeamsBodyTest, HasNoTextBlockNoTemplateAndAtMost28KB) {
    for (const auto& text : hostile_texts()) {
        const auto what = a_hostile_notification(text);
        const auto json = teams_body(what, title_of(what));
        EXPECT_LE(json.size(), 24u * 1024) << text.substr(0, 50);
        const auto body = parsed(json);
        EXPECT_EQ(body.find("attachments")->items()[0].find("content")->find("actions"), nullptr)
            << "a hostile runbook is no link";
        each_text(body, [&](const std::string& said) {
            EXPECT_EQ(said.find("{{"), said.npos) << said;
            EXPECT_NE(said, "TextBlock");
            EXPECT_NE(said, "FactSet");
        });
    }
}

TEST(PagerdutyBodyTest, OpensAndResolvesTheGroupsIncident) {
    auto       what = a_notification();
    const auto body =
        parsed(pagerduty_body(what, title_of(what), "0123456789abcdef0123456789abcdef"));
    EXPECT_EQ(body.text_at({"routing_key"}), "0123456789abcdef0123456789abcdef");
    EXPECT_EQ(body.text_at({"event_action"}), "trigger");
    EXPECT_EQ(body.text_at({"dedup_key"}), what.group.text());
    EXPECT_EQ(body.text_at({"payload", "summary"}), title_of(what));
    EXPECT_EQ(body.text_at({"payload", "severity"}), "critical");
    EXPECT_EQ(body.text_at({"payload", "source"}), "shoot--shop--prod");
    EXPECT_EQ(body.text_at({"payload", "timestamp"}), "2026-12-01T12:04:00Z");
    what.resolved = true;
    EXPECT_EQ(parsed(pagerduty_body(what, "x", "k")).text_at({"event_action"}), "resolve");
}

TEST(PagerdutyBodyTest, IsNothingElseWhateverTheTextsAre) {
    for (const auto& text : hostile_texts()) {
        const auto what = a_hostile_notification(text);
        const auto json = pagerduty_body(what, title_of(what), "k");
        EXPECT_LE(json.size(), 64u * 1024);
        const auto body = parsed(json);
        EXPECT_EQ(body.text_at({"event_action"}), "trigger");
        EXPECT_FALSE(body.text_at({"payload", "source"}).empty());
        EXPECT_LE(code_points(body.text_at({"payload", "summary"})), 1024u);
        EXPECT_EQ(body.find("links"), nullptr) << "a hostile runbook is no link";
    }
}

TEST(AlertmanagerBodyTest, HasLabelsAsPrometheusNamesThem) {
    auto        what = a_notification();
    auto        list = parsed(alertmanager_body(what, 5h));
    const auto& one  = list.items().at(0);
    EXPECT_EQ(one.text_at({"labels", "alertname"}), "Shell in production");
    EXPECT_EQ(one.text_at({"labels", "severity"}), "critical");
    EXPECT_EQ(one.text_at({"labels", "k8s_ns_name"}), "payments");
    EXPECT_EQ(one.text_at({"annotations", "runbook_url"}), what.alerts[0].runbook);
    EXPECT_EQ(one.text_at({"startsAt"}), "2026-12-01T12:00:00Z");
    EXPECT_EQ(one.text_at({"endsAt"}), "2026-12-01T17:04:00Z");
    what.alerts[0].ended = noon() + 2min;
    list                 = parsed(alertmanager_body(what, 5h));
    EXPECT_EQ(list.items().at(0).text_at({"endsAt"}), "2026-12-01T12:02:00Z");
}

TEST(AlertmanagerBodyTest, KeepsToTheNamesAndLengthsThatMayBe) {
    for (const auto& text : hostile_texts()) {
        const auto list = parsed(alertmanager_body(a_hostile_notification(text), 5h));
        ASSERT_EQ(list.items().size(), 50u);
        for (const auto& each : list.items().at(0).find("labels")->entries()) {
            EXPECT_FALSE(each.key.starts_with("__")) << each.key;
            for (const char c : each.key)
                EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) || c == '_') << each.key;
            EXPECT_LE(each.is.text()->size(), longest_label);
        }
    }
}

TEST(OtlpBodyTest, IsALogRecordForEachAlert) {
    const auto  what   = a_notification();
    const auto  body   = parsed(otlp_body(what, title_of(what)));
    const auto& scoped = body.find("resourceLogs")->items().at(0).find("scopeLogs")->items().at(0);
    const auto& record = scoped.find("logRecords")->items().at(0);
    EXPECT_EQ(record.text_at({"timeUnixNano"}), "1796126580000000000") << "a text: it has 64 bits";
    EXPECT_EQ(*record.find("severityNumber")->integer(), 21);
    EXPECT_EQ(record.text_at({"body", "stringValue"}), "A shell was spawned in payments");
    std::map<std::string, std::string> attributes;
    for (const auto& each : record.find("attributes")->items())
        attributes[std::string(each.text_at({"key"}))] = each.text_at({"value", "stringValue"});
    EXPECT_EQ(attributes["falconer.alert.rule"], "Shell in production");
    EXPECT_EQ(attributes["falconer.label.k8s.ns.name"], "payments");
    EXPECT_EQ(attributes["falconer.notification.key"], what.key.text());
    for (const auto& text : hostile_texts())
        EXPECT_TRUE(parse_json(otlp_body(a_hostile_notification(text), text)));
}

TEST(OtlpRejectionTest, IsReadFromAPartialSuccess) {
    EXPECT_EQ(otlp_rejection(""), "");
    EXPECT_EQ(otlp_rejection("{}"), "");
    EXPECT_EQ(otlp_rejection("garbage"), "");
    EXPECT_EQ(otlp_rejection(R"({"partialSuccess":{"rejectedLogRecords":"0"}})"), "");
    EXPECT_EQ(
        otlp_rejection(R"({"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"old"}})"),
        "2 records rejected: old"
    );
    EXPECT_NE(otlp_rejection(R"({"partialSuccess":{"rejectedLogRecords":1}})"), "");
}

std::string mail(const notification& what, const std::string& title) {
    return email_text(
        what, title, "falconer@example.org", {"a@example.org", "b@example.org"}, "site"
    );
}

TEST(EmailTextTest, IsAMessage) {
    const auto what = a_notification();
    const auto text = mail(what, title_of(what));
    EXPECT_NE(text.find("From: Falconer <falconer@example.org>\r\n"), text.npos);
    EXPECT_NE(text.find("To: a@example.org,\r\n b@example.org\r\n"), text.npos);
    EXPECT_NE(text.find("Subject: Shell in production: shoot--shop--prod\r\n"), text.npos);
    EXPECT_NE(text.find("Date: Tue, 01 Dec 2026 12:04:00 +0000\r\n"), text.npos);
    EXPECT_NE(text.find("Message-ID: <" + what.key.text() + "@site>\r\n"), text.npos);
    EXPECT_NE(text.find("Auto-Submitted: auto-generated\r\n"), text.npos);
    EXPECT_NE(text.find("\r\n  k8s.ns.name: payments\r\n"), text.npos) << text;
    EXPECT_NE(text.find("runbook: https://runbooks.example.org/shell?x=3D1\r\n"), text.npos);
}

TEST(EmailTextTest, HasNoFieldsButOurs) {
    for (const auto& hostile : hostile_texts()) {
        const auto what = a_hostile_notification(hostile);
        const auto text = mail(what, title_of(what));
        const auto head = text.substr(0, text.find("\r\n\r\n"));
        EXPECT_EQ(head.find("\r\nBcc"), head.npos) << head;
        EXPECT_EQ(head.find("X-Falconer-Receiver: on-call\r\n") == head.npos, false) << head;
        EXPECT_EQ(text.find("\r\n.\r\n"), text.npos);
        std::size_t begin = 0;
        while (begin < text.size()) {
            const auto end = text.find("\r\n", begin);
            ASSERT_NE(end, text.npos);
            EXPECT_LE(end - begin, 78u) << text.substr(begin, end - begin);
            for (const char c : text.substr(begin, end - begin))
                ASSERT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
            begin = end + 2;
        }
    }
}

TEST(EmailTextTest, EncodesWhatIsNotAscii) {
    const auto what = a_notification();
    EXPECT_NE(
        mail(what, "Größe").find("Subject: =?utf-8?Q?Gr=C3=B6=C3=9Fe?=\r\n"), std::string::npos
    );
    const auto text = mail(what, std::string(60, 'a') + "ä b");
    EXPECT_NE(text.find("?=\r\n =?utf-8?Q?"), text.npos) << "two words";
}

}  // namespace
}  // namespace falconer::alerts

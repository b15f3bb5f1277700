#include "alerts/channels/words.hpp"

#include "alerts/channels/message_template.hpp"
#include "falconer/utf8.hpp"
#include "notifications.hpp"

#include <gtest/gtest.h>

namespace falconer::alerts {
namespace {

TEST(OneLineTest, IsValidTextInOneLineWhateverCame) {
    for (const auto& text : hostile_texts()) {
        const auto line = one_line(text);
        EXPECT_TRUE(is_utf8(line)) << text;
        for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
        EXPECT_EQ(line.find("\u202E"), line.npos);
        EXPECT_EQ(line.find("\u2028"), line.npos);
        EXPECT_EQ(line.find("\u0085"), line.npos);
    }
    EXPECT_EQ(one_line("größe ✓ 🙂"), "größe ✓ 🙂");
    EXPECT_EQ(
        one_line("a\xff"
                 "b"),
        "a\uFFFDb"
    );
    EXPECT_EQ(one_line("a\xc3"), "a\uFFFD");
    EXPECT_EQ(one_line("a\r\nb"), "a  b");
}

TEST(ShortenedTest, CutsBetweenCharacters) {
    EXPECT_EQ(shortened("abc", 3), "abc");
    EXPECT_EQ(shortened("abcdef", 5), "ab…");
    EXPECT_EQ(shortened("ääää", 7), "ää…");
    EXPECT_EQ(shortened("ääää", 6), "ä…");
    EXPECT_EQ(shortened("abc", 2), "");
}

TEST(LinkTest, IsAPlainHttpAddress) {
    EXPECT_TRUE(is_link("https://a.example/b?c=d#e"));
    EXPECT_TRUE(is_link("http://a"));
    for (const auto* bad :
         {"", "javascript:alert(1)", "ftp://a", "https://a b", "https://a|b", "https://a>b",
          "https://a)b", "https://a\nb", "https://ä", "data:text/html,x", "//a"})
        EXPECT_FALSE(is_link(bad)) << bad;
    EXPECT_FALSE(is_link("https://" + std::string(2048, 'a')));
}

TEST(HeadlineTest, SaysWhatKindOfTellingItIs) {
    auto what = a_notification();
    EXPECT_EQ(headline(what), "Shell in production: shoot--shop--prod");
    what.repeated = true;
    EXPECT_EQ(headline(what, "mine"), "Still: mine");
    what.resolved = true;
    EXPECT_EQ(headline(what, "mine"), "Resolved: mine");
    what.test = true;
    EXPECT_EQ(headline(what, "mine"), "Test: mine");
}

std::string filled(std::string_view text, const notification& what) {
    const auto parsed = message_template::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed ? parsed->filled(what) : "";
}

TEST(MessageTemplateTest, PutsFieldsIntoText) {
    const auto what = a_notification();
    EXPECT_EQ(
        filled("{{level}} in {{ labels.cluster }}: {{title}}", what),
        "critical in shoot--shop--prod: Shell in production: shoot--shop--prod"
    );
    EXPECT_EQ(
        filled("{{state}} {{project}} {{receiver}} {{count}} {{rule}}", what),
        "firing shop on-call 1 Shell in production"
    );
    EXPECT_EQ(
        filled("{{summary}}|{{runbook}}|{{labels.none}}|", what),
        "A shell was spawned in payments|https://runbooks.example.org/shell?x=1||"
    );
    EXPECT_EQ(filled("no field, one { brace } and }}", what), "no field, one { brace } and }}");
    EXPECT_EQ(filled("{{rule}}", notification{}), "");
}

TEST(MessageTemplateTest, LooksAtNothingThatAFieldHolds) {
    auto what  = a_notification();
    what.title = "{{labels.cluster}}{{project}}";
    EXPECT_EQ(filled("{{title}}", what), "{{labels.cluster}}{{project}}");
    what.title = "{{";
    EXPECT_EQ(filled("{{title}}{{title}}project}}", what), "{{{{project}}");
}

TEST(MessageTemplateTest, RefusesWhatIsNoField) {
    for (const auto* bad :
         {"{{", "{{}}", "{{ }}", "{{none}}", "{{title", "{{labels.}}", "{{ range .Alerts }}",
          "{{title | upper}}", "{{title()}}", "{{{title}}}", "{{../secret}}", "{{TITLE}}", "\xff"})
        EXPECT_FALSE(message_template::parse(bad)) << bad;
    EXPECT_FALSE(message_template::parse(std::string(longest_template + 1, 'a')));
}

}  // namespace
}  // namespace falconer::alerts

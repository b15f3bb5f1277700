// Notifications for the channels' tests, harmless and hostile ones.
#pragma once

#include "falconer/alerts/notification.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace falconer::alerts {

inline utc_time noon() {
    return utc_time(std::chrono::sys_days(std::chrono::year(2026) / 12 / 1)) +
           std::chrono::hours(12);
}

inline told_alert an_alert() {
    told_alert one;
    one.id      = *uuid::parse("00000000-0000-4000-8000-000000000001");
    one.rule    = "Shell in production";
    one.rule_id = *uuid::parse("00000000-0000-4000-8000-000000000002");
    one.level   = severity::critical;
    one.labels  = {{"cluster", "shoot--shop--prod"}, {"k8s.ns.name", "payments"}};
    one.summary = "A shell was spawned in payments";
    one.runbook = "https://runbooks.example.org/shell?x=1";
    one.started = noon();
    one.last    = noon() + std::chrono::minutes(3);
    one.count   = 7;
    alert_event event;
    event.time             = event_time_of(noon());
    event.level            = priority::critical;
    event.cluster.identity = "shoot--shop--prod-uid-landscape";
    event.rule             = "Terminal shell in container";
    event.output           = "shell in container (user=root)";
    one.events.push_back(event);
    return one;
}

inline notification a_notification() {
    notification one;
    one.key      = *uuid::parse("00000000-0000-4000-8000-00000000000a");
    one.group    = *uuid::parse("00000000-0000-4000-8000-00000000000b");
    one.receiver = "on-call";
    one.project  = "shop";
    one.labels   = {{"cluster", "shoot--shop--prod"}};
    one.level    = severity::critical;
    one.title    = "Shell in production: shoot--shop--prod";
    one.made     = noon() + std::chrono::minutes(4);
    one.alerts   = {an_alert()};
    return one;
}

/// What an attacker may put where a text is told: markup, mentions, links, templates, line ends,
/// fields of other formats, ends of messages, characters that turn the writing, broken UTF-8.
inline const std::vector<std::string>& hostile_texts() {
    static const std::vector<std::string> all{
        "<!channel> <@U123> <https://evil.example|click>",
        "@channel @here @everyone @all",
        "[click](https://evil.example) ![p](https://evil.example/p.png) [a][b]",
        "*bold* _it_ ~no~ `code` ```block```",
        "{{DATE(2026-12-01T00:00:00Z,SHORT)}} {{{title}}} {{labels.cluster}} ${7*7} #{7*7}",
        "{{ range .Alerts }}{{ .Labels }}{{ end }} <%= 7*7 %> {% raw %}",
        "\r\nBcc: victim@example.org\r\n\r\nbody",
        "\r\n.\r\nMAIL FROM:<evil@example.org>\r\n",
        "\",\"event_action\":\"resolve\",\"x\":\"",
        "</script><script>alert(1)</script>",
        "=?utf-8?Q?=0D=0ABcc:=20victim?=",
        std::string("nul\0nul", 7),
        "\x1b[31mred\x1b[0m\x07",
        "\u202Egnp.exe \u2066isolate\u2069 \u200Fmark",
        "line\u2028separator\u2029paragraph\u0085next",
        "broken \xff\xfe \xc3 \xe2\x82 \xf5\x80",
        std::string(100'000, 'A'),
        std::string(20'000, '"'),
    };
    return all;
}

/// One with the text wherever somebody else's text can come.
inline notification a_hostile_notification(const std::string& text) {
    auto  one              = a_notification();
    auto& alert            = one.alerts.front();
    one.title              = text;
    one.labels["cluster"]  = text;
    alert.rule             = text;
    alert.summary          = text;
    alert.runbook          = text;
    alert.labels           = {{"proc.cmdline", text}, {text.substr(0, 200), "value"}};
    auto& event            = alert.events.front();
    event.output           = text.substr(0, told_output);
    event.rule             = text;
    event.cluster.identity = text;
    one.alerts.resize(50, told_alert(alert));
    one.left_out = 3;
    return one;
}

}  // namespace falconer::alerts

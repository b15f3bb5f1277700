// What people write into a search field, and what it finds.
#include "falconer/filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace falconer::filter {
namespace {

using namespace std::chrono_literals;
using namespace std::chrono;

const utc_time now = sys_days{2026y / 11 / 30} + 12h;

event_time at(std::string_view text) {
    return parse_moment(text, now)->from;
}

/// A shell in a pod.
struct sample {
    value fields =
        *parse_json(R"({"proc.name": "Bash", "proc.cmdline": "bash -c 'curl x'", "proc.pid": 17,
        "big": 1794788426779200001, "ratio": -0.50, "text.number": "1e3", "k8s.ns.name": "kube-system",
        "k8s.pod.name": "web-7d9fc8b5d4-x2x7z", "nothing": null, "yes": true, "fd.types": ["ipv4", "IPv6", 7],
        "odd name": "x", "deep": {"a": "hidden"}, "percent": "100%_\\done"})");
    std::vector<std::string> tags{"container", "T1059", "mitre_execution"};
    subject                  it{
                         .id        = *uuid::parse("d324e50f-d14c-4b05-8d63-ed15b6873b17"),
                         .time      = at("2026-11-30T02:00:00.000000001Z"),
                         .received  = now - 1h,
                         .level     = priority::warning,
                         .flags     = static_cast<std::uint16_t>(event_flag::sampled),
                         .rule      = "Terminal shell in container",
                         .identity  = "shoot--team--web-1-uid-live",
                         .project   = "team",
                         .shoot     = "web-1",
                         .landscape = "live",
                         .host      = "node-1.example",
                         .source    = "syscall",
                         .output    = "A shell was spawned by Größe (user=root)",
                         .tags      = tags,
                         .fields    = &fields,
    };
};

bool finds(std::string_view text) {
    const sample some;
    const auto   parsed = parse(text, now);
    if (const auto* wrong = std::get_if<mistake>(&parsed)) {
        ADD_FAILURE() << text << ": " << wrong->what << " at " << wrong->column;
        return false;
    }
    return matches(*std::get<node_ptr>(parsed), some.it);
}

TEST(FilterTest, WhatIsWrittenFindsWhatIsMeant) {
    for (const auto* text :
         {"",
          "  ",
          "*",
          "shell",
          "SHELL spawned",
          "shell AND spawned",
          "\"shell was\"",
          "größe",
          "ip",
          "kube-system",
          "node-1",
          "t1059",
          "true",
          "1794788426779200001",
          "-absent",
          "NOT absent",
          "absent OR shell",
          "absent OR (shell -nothing)",
          "(absent OR shell) spawned",
          "sh?ll",
          "sh*wned",
          "rule:\"terminal shell in container\"",
          "rule:terminal*",
          "rule:*SHELL*",
          "project:team shoot:web-1 landscape:live",
          "cluster:team/web-1",
          "cluster:shoot--team--web-1-uid-live",
          "cluster:*--team--*",
          "host:node-?.example",
          "hostname:node-1.example",
          "source:syscall",
          "tag:t1059",
          "tags:(x OR container)",
          "tag:mitre_*",
          "tag:*",
          "output:*root*",
          "process:bash",
          "proc.name:(zsh OR bash)",
          "proc.name:(b* -zsh)",
          "proc.name:*",
          "-absent:*",
          "-nothing:*",
          "namespace:kube-system",
          "k8s.ns.name:kube-*",
          "workload:web",
          "pod:web-*",
          "fd.types:ipv6",
          "fd.types:7",
          "fd.types:*",
          "fd.types>6",
          "deep:*",
          "-deep:*hidden*",
          "yes:true",
          "\"odd name\":x",
          "proc.pid:17",
          "proc.pid:1..20",
          "proc.pid:17..",
          "proc.pid:..17",
          "proc.pid>=17",
          "proc.pid<18",
          "big>1794788426779200000",
          "big:1794788426779200001",
          "-big>1794788426779200001",
          "ratio<-0.4",
          "ratio>-1",
          "ratio:-0.50..-0.5",
          "-text.number>1",
          "priority:warning",
          "priority>=warning",
          "priority<=warning",
          "-priority>warning",
          "priority:(error OR warning)",
          "priority:w*",
          "priority:notice..error",
          "level:Warning",
          "flag:sampled",
          "-flag:test",
          "flag:(test OR sampled)",
          "uuid:D324E50F-d14c-4b05-8d63-ed15b6873b17",
          "time:2026-11-30",
          "time>=2026-11-30T02:00Z",
          "time:2026-11-30T02:00",
          "time:2026-11-30T02:00:00",
          "-time:2026-11-30T02:00:00.000000000Z",
          "time:2026-11-30T02:00:00.000000001Z",
          "time<2026-11-30T03:00:01+01:00",
          "-time>2026-11-30",
          "time:2026-11-29..2026-11-30",
          "received>-2h",
          "received:-2h",
          "-received>-59m",
          "received<now",
          "received:-1d..now",
          "percent:100%_\\\\done",
          "percent:\"100%_\\\\done\"",
          "percent:1?0%*",
          "percent:\"1\"*",
          "user=root",
          "12:30 OR shell",
          "-(absent OR nosuch)",
          "--shell",
          "NOT NOT shell"}) {
        EXPECT_TRUE(finds(text)) << text;
    }
    for (const auto* text :
         {"absent",
          "-shell",
          "shell absent",
          "\"shell  was\"",
          "hidden",
          "proc.name",
          "rule:shell",
          "cluster:team",
          "absent:*",
          "nothing:*",
          "nothing:null",
          "deep:hidden",
          "fd.types:ipv",
          "proc.pid:18..",
          "proc.pid>17",
          "proc.name:\"b*\"",
          "proc.name:b\\*",
          "percent:100__*",
          "priority>warning",
          "priority:debug..notice",
          "flag:test",
          "uuid:d324e50f-d14c-4b05-8d63-ed15b6873b18",
          "time>2026-11-30",
          "time:2026-11-29",
          "time<=2026-11-30T01:59",
          "received<-2h",
          "workload:web-7d9fc8b5d4-x2x7z",
          "GRÖSSE",
          "source:sys"})
        EXPECT_FALSE(finds(text)) << text;
}

struct wrong_case {
    std::string_view text;
    std::size_t      column, length;
    std::string_view says;
};

TEST(FilterTest, AMistakeIsSaidWithItsColumn) {
    const std::string deep(deepest_filter + 1, '(');
    for (const auto& each : std::vector<wrong_case>{
             {"rule:", 6, 0, "a value"},
             {"grün rule: x", 11, 0, "a value"},
             {"a \"b c", 3, 1, "never closed"},
             {"(a", 1, 1, "never closed"},
             {"a)", 2, 1, "no '('"},
             {"a OR", 5, 0, "expected"},
             {"OR a", 1, 1, "expected"},
             {"a AND", 6, 0, "expected"},
             {"a AND AND b", 7, 1, "expected"},
             {"()", 2, 1, "expected"},
             {"-", 2, 0, ""},
             {"priority:wanring", 10, 7, "no priority"},
             {"priority>=x", 11, 1, "no priority"},
             {"rule>x", 1, 4, "no order"},
             {"proc.pid>x", 10, 1, "no number"},
             {"time>yesterday", 6, 9, "no time"},
             {"time:2026-02-30", 6, 10, "no time"},
             {"uuid:x", 6, 1, "no UUID"},
             {"flag:odd", 6, 3, "no flag"},
             {"http://x", 1, 8, "in quotes"},
             {"\"\"", 1, 2, "nothing"},
             {"\"\":x", 1, 2, "a name"},
             {deep, deepest_filter + 1, 1, "deep"}
         }) {
        const auto  parsed = parse(each.text, now);
        const auto* wrong  = std::get_if<mistake>(&parsed);
        if (each.says.empty()) {
            EXPECT_EQ(wrong, nullptr) << each.text;
            continue;
        }
        ASSERT_NE(wrong, nullptr) << each.text;
        EXPECT_EQ(wrong->column, each.column) << each.text << ": " << wrong->what;
        EXPECT_EQ(wrong->length, each.length) << each.text << ": " << wrong->what;
        EXPECT_THAT(wrong->what, ::testing::HasSubstr(each.says)) << each.text;
    }
}

TEST(FilterTest, WhatIsTooMuchIsRefused) {
    std::string many;
    for (std::size_t i = 0; i <= most_tests; ++i) many += "a ";
    EXPECT_TRUE(std::holds_alternative<mistake>(parse(many, now)));
    EXPECT_TRUE(std::holds_alternative<mistake>(parse(std::string(longest_filter + 1, 'a'), now)));
    EXPECT_TRUE(std::holds_alternative<mistake>(parse("\xff", now)));
    EXPECT_TRUE(std::holds_alternative<mistake>(parse(std::string_view("a\0b", 3), now)));
}

TEST(FilterTest, MomentsLastAsLongAsTheyArePrecise) {
    const auto lasts = [](std::string_view text) {
        const auto is = parse_moment(text, now);
        return is ? (is->before.seconds - is->from.seconds) * 1'000'000'000 + is->before.nanos -
                        is->from.nanos
                  : -1;
    };
    EXPECT_EQ(lasts("2026-11-30"), 86'400'000'000'000);
    EXPECT_EQ(lasts("2026-11-30T02:00"), 60'000'000'000);
    EXPECT_EQ(lasts("2026-11-30T02:00+02:00"), 60'000'000'000);
    EXPECT_EQ(lasts("2026-11-30T02:00:00Z"), 1'000'000'000);
    EXPECT_EQ(lasts("2026-11-30T02:00:00.999Z"), 1'000'000);
    EXPECT_EQ(lasts("2026-11-30T02:00:00.123456789Z"), 1);
    EXPECT_EQ(lasts("-2h"), 0);
    EXPECT_EQ(at("-2h").seconds, at("2026-11-30T10:00Z").seconds);
    EXPECT_EQ(at("-1w").seconds, at("2026-11-23T12:00Z").seconds);
    for (const auto* text :
         {"", "-", "-h", "2h", "-2y", "-99999999999999999999d", "2026", "2026-11-30T02",
          "2026-11-30 02:00", "2026-11-30T02:00:00.", "2026-13-01",
          "2026-11-30T02:00:00.1234567890Z", "tomorrow"})
        EXPECT_EQ(lasts(text), -1) << text;
}

TEST(FilterTest, DecimalsAreComparedExactly) {
    const std::vector<std::string_view> rising{
        "-100",
        "-99.5",
        "-0.50",
        "-0.499",
        "0",
        "0.01",
        "0.1",
        "1",
        "9.99",
        "10",
        "18446744073709551615",
        "18446744073709551616"
    };
    for (std::size_t i = 0; i < rising.size(); ++i)
        for (std::size_t k = 0; k < rising.size(); ++k)
            EXPECT_EQ(compare_decimals(rising[i], rising[k]), (i > k) - (i < k))
                << rising[i] << ' ' << rising[k];
    EXPECT_EQ(compare_decimals("-0.0", "000"), 0);
    EXPECT_EQ(compare_decimals("1.50", "01.5"), 0);
    for (const auto* text : {"", "-", ".5", "5.", "1e3", "+1", "0x1", " 1", "1 "})
        EXPECT_FALSE(is_decimal(text)) << text;
}

TEST(FilterTest, LongTextsAreSearchedAsShortOnesAre) {
    using enum text_pattern::kind;
    const std::string many(1'000'000, 'A'), what(4000, 'a');
    EXPECT_TRUE(fits({contains, what}, many));
    EXPECT_TRUE(fits({contains, what + "\xC3\x84z"}, many + "\xC3\x84Z"));
    EXPECT_FALSE(fits({contains, what + "\xC3\xA4z"}, many + "\xC3\x84Z"));
    EXPECT_FALSE(fits({contains, what + 'b'}, many));
    EXPECT_FALSE(fits({contains, what}, std::string(3999, 'a')));
    EXPECT_TRUE(fits({contains, ""}, many));
}

TEST(FilterTest, LongPatternsFindWhatShortOnesDo) {
    using enum text_pattern::kind;
    std::minstd_rand random(7);
    const auto       some = [&](const std::vector<std::string>& of) {
        std::string all;
        for (auto many = random() % 7; many > 0; --many) all += of[random() % of.size()];
        return all;
    };
    // Long enough that they are looked at in another way; the answer stays what it is.
    const std::string before(300, 'x');
    std::size_t       found = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto pattern = some({"a", "b", "\xC3\xA4", "_", "%", "\\%", "%a"});
        const auto text    = some({"a", "B", "b", "\xC3\xA4", "\xF0\x9F\xA6\x85", "%"});
        const bool is      = fits({like, pattern}, text);
        EXPECT_EQ(fits({like, before + pattern}, before + text), is) << pattern << ' ' << text;
        found += is ? 1 : 0;
    }
    EXPECT_GT(found, 500u);
    const std::string many(1'000'000, 'a'), what(1700, 'a');
    EXPECT_TRUE(fits({like, '%' + what + '_' + what + '%'}, many));
    EXPECT_FALSE(fits({like, '%' + what + '_' + what + "b%"}, many));
    EXPECT_FALSE(fits({like, '%' + what + 'b' + '%'}, many));
}

TEST(FilterTest, APodIsOfItsWorkload) {
    EXPECT_EQ(workload_of("web-7d9fc8b5d4-x2x7z"), "web");
    EXPECT_EQ(workload_of("node-exporter-x2x7z"), "node-exporter");
    EXPECT_EQ(workload_of("db-0"), "db");
    EXPECT_EQ(workload_of("db-12345678901"), "db-12345678901");
    EXPECT_EQ(workload_of("my-nginx"), "my-nginx");
    EXPECT_EQ(workload_of("-x2x7z"), "-x2x7z");
    EXPECT_EQ(workload_of(""), "");
}

TEST(FilterTest, EveryNameIsItsOwnFieldAndBack) {
    for (const auto& each : known_names()) {
        const auto is = field_of(each.name);
        EXPECT_EQ(is.which, each.which) << each.name;
        EXPECT_EQ(name_of(is), each.short_for.empty() ? each.name : each.short_for);
    }
    EXPECT_EQ(field_of("proc.aname[2]"), (field{field_kind::output_field, "proc.aname[2]"}));
}

}  // namespace
}  // namespace falconer::filter

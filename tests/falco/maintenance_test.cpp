#include "falconer/falco/maintenance.hpp"

#include "falconer/event.hpp"
#include "falconer/rfc3339.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <variant>

namespace falconer::falco {
namespace {

using action = version_move::action;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::yaml;
using namespace std::chrono_literals;

constexpr auto week = std::chrono::hours(7 * 24);

utc_time at(std::string_view text) {
    const auto read = std::get<event_time>(parse_rfc3339(text));
    return utc_time(std::chrono::seconds(read.seconds));
}
std::string text(utc_time t) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(t)));
}

offered_versions offer(const std::string& old_ends = "2026-03-05T00:00:00Z") {
    offered_versions all;
    const auto       add = [&](const char* version, classification is, const std::string& expires) {
        offered_version one{.version = version, .is = is};
        if (!expires.empty()) one.expires = std::get<event_time>(parse_rfc3339(expires));
        all.emplace(*semver::parse(version), one);
    };
    add("1.0.0", classification::deprecated, old_ends);
    add("1.1.0", classification::deprecated, "");
    add("1.2.0", classification::supported, "");
    add("1.3.0", classification::preview, "");
    return all;
}

/// Its window is open from 22:00 to 22:45 UTC.
value shoot(const std::string& config, const std::string& more = "") {
    return yaml(
        R"(
metadata: {name: a, namespace: garden-p, uid: u-1, generation: 7}
spec:
  maintenance: {timeWindow: {begin: "220000+0000", end: "230000+0000"}}
  extensions:
  - {type: other}
  - type: shoot-falco-service
)" + more +
        "    providerConfig: " + config
    );
}
const std::string head =
    "apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig";

maintained read(const value& object, maintained_kind kind = maintained_kind::shoot) {
    return read_maintained(object, kind, {.begin = 3h, .length = 2h});
}
maintained on(const std::string& version, bool automatically = true) {
    return read(shoot(
        "{" + head + ", falcoVersion: " + version +
        ", autoUpdate: " + (automatically ? "true" : "false") + "}"
    ));
}
maintenance_plan plan(const maintained& who, const char* now, maintenance_past past = {}) {
    return plan_maintenance(who, offer(), past, at(now), week);
}

TEST(Maintained, IsReadInBothDialects) {
    for (const auto* rest :
         {"autoUpdate: false", "falcoAutoUpdate: false", "autoUpdate: false, heartbeatEvent: true",
          "autoUpdate: false, gardener: {useFalcoRules: true}"}) {
        const auto who = read(shoot("{" + head + ", falcoVersion: 1.0.0, " + rest + "}"));
        EXPECT_TRUE(who.problems.empty()) << rest << ": " << who.problems[0].text();
        EXPECT_EQ(who.version, "1.0.0");
        EXPECT_EQ(who.automatically, auto_update::off) << rest;
        EXPECT_TRUE(who.wanted);
        EXPECT_EQ(who.window, (maintenance_window{.begin = 22h, .length = 45min}));
        EXPECT_EQ(who.generation, 7);
    }
}

TEST(Maintained, UpdatesByItselfUnlessToldOtherwise) {
    EXPECT_EQ(read(shoot("{" + head + ", falcoVersion: 1.0.0}")).automatically, auto_update::on);
}

TEST(Maintained, ReducedIsReadTheSame) {
    for (auto object :
         {shoot("{" + head + ", falcoVersion: 1.0.0, autoUpdate: false}"),
          shoot("{" + head + ", falcoVersion: 1.0.0, falcoAutoUpdate: false}"),
          shoot("{" + head + ", falcoVersion: 1.0.0}", "    disabled: true\n"),
          shoot("{" + head + ", falcoVersion: 7}"),
          shoot("{" + head + ", falcoVersion: 1.0.0, destinations: [{name: a, enabled: false}]}"),
          shoot("{" + head + ", falcoVersion: 1.0.0, gardener: {useFalcoRules: true}}"),
          shoot("{" + head + ", falcoVersion: 1.0.0, customWebhook: {address: https://h}}"),
          yaml("{metadata: {name: a, namespace: b, deletionTimestamp: x}, spec: {}}"),
          yaml("{metadata: {name: a, annotations: {gardener.cloud/operation: maintain}}}")}) {
        object["status"]["lastOperation"] = "x";
        const auto small                  = reduced_maintained(object);
        for (const auto kind : {maintained_kind::shoot, maintained_kind::seed})
            EXPECT_EQ(read(small, kind), read(object, kind)) << json_text(small);
        EXPECT_EQ(small.find("status"), nullptr);
    }
    const auto full =
        shoot("{" + head + ", falcoVersion: 1.0.0, rules: {standard: [falco-rules]}}");
    EXPECT_THAT(json_text(reduced_maintained(full)), Not(HasSubstr("rules")));
}

TEST(Maintained, TheMaintainAnnotationMayStandAmongOthers) {
    const auto asked = [](const std::string& said) {
        auto object                                                   = shoot("{" + head + "}");
        object["metadata"]["annotations"]["gardener.cloud/operation"] = said;
        return read(object).asked;
    };
    for (const auto* yes : {"maintain", "reconcile;maintain", "maintain; reconcile"})
        EXPECT_TRUE(asked(yes)) << yes;
    for (const auto* no : {"reconcile", "maintained", ";", "retry;", ""})
        EXPECT_FALSE(asked(no)) << no;
}

TEST(Maintained, AWindowThatCannotBeReadIsAlwaysOpenAsForGardener) {
    auto object                                        = shoot("{" + head + "}");
    object["spec"]["maintenance"]["timeWindow"]["end"] = "late";
    EXPECT_EQ(read(object).window, maintenance_window{});
    object["spec"].erase("maintenance");
    EXPECT_EQ(read(object).window, maintenance_window{});
    EXPECT_EQ(
        read(object, maintained_kind::seed).window, (maintenance_window{.begin = 3h, .length = 2h})
    );
}

TEST(Maintained, OnlyTheVersionIsChangedInWhatIsWrittenBack) {
    for (const auto* rest :
         {"autoUpdate: true, destinations: [{name: central}]",
          "falcoAutoUpdate: true, customWebhook: {address: http://x}"}) {
        const auto before = shoot("{" + head + ", falcoVersion: 1.0.0, " + rest + "}");
        const auto wanted = shoot("{" + head + ", falcoVersion: 1.2.0, " + rest + "}");
        EXPECT_EQ(with_version(before, "1.2.0"), wanted);
    }
}

struct stays_case {
    const char* what;
    value       object;
};
TEST(MaintenancePlan, LeavesAloneWhatIsNotToBeMaintained) {
    auto leaving                             = shoot("{" + head + ", falcoVersion: 1.0.0}");
    leaving["metadata"]["deletionTimestamp"] = "2026-03-01T00:00:00Z";
    const stays_case cases[]{
        {"is being deleted", leaving},
        {"does not ask", shoot("{" + head + ", falcoVersion: 1.0.0}", "    disabled: true\n")},
        {"does not ask", yaml("{metadata: {name: a}, spec: {extensions: [{type: other}]}}")},
        {"does not ask", yaml("{metadata: {name: a}}")},
        {"cannot be read", shoot("{" + head + ", falcoVersion: 1}")},
        {"cannot be read", shoot("{" + head + ", falcoVersion: 1.0.0, falcoVersion: 1.0.0}")},
        {"cannot be read", shoot("{" + head + ", autoUpdate: true, falcoAutoUpdate: true}")},
        {"names no version", shoot("{" + head + "}")},
        {"names no version", shoot("null")},
    };
    for (const auto& each : cases) {
        const auto made = plan(read(each.object), "2026-03-10T22:10:00Z");
        EXPECT_FALSE(made.due) << json_text(each.object);
        EXPECT_FALSE(made.move.target);
        EXPECT_THAT(made.move.reason, HasSubstr(each.what));
    }
}

struct plan_case {
    const char* what;
    const char* version;
    bool        automatically;
    const char* now;
    action      is;
    const char* target;
    const char* window;  // its begin; null: nothing is due
};
class MaintenancePlanTest : public ::testing::TestWithParam<plan_case> {};

TEST_P(MaintenancePlanTest, IsAsDecided) {
    const auto& want = GetParam();
    const auto  made = plan(on(want.version, want.automatically), want.now);
    EXPECT_EQ(made.move.what, want.is) << want.what << ": " << made.move.reason;
    EXPECT_EQ(made.move.target.value_or(""), want.target ? want.target : "") << want.what;
    ASSERT_EQ(made.due.has_value(), want.window != nullptr) << want.what;
    EXPECT_GT(made.look_again, at(want.now));
    if (!made.due) return;
    EXPECT_EQ(text(made.window.begin), want.window) << want.what;
    EXPECT_TRUE(made.window.holds(*made.due));
}

// 1.0.0 ends on 2026-03-05T00:00:00Z.
INSTANTIATE_TEST_SUITE_P(
    Table, MaintenancePlanTest,
    ::testing::Values(
        plan_case{
            "automatic, closed", "1.1.0", true, "2026-03-10T12:00:00Z", action::automatic, "1.2.0",
            "2026-03-10T22:00:00Z"
        },
        plan_case{
            "automatic, open", "1.1.0", true, "2026-03-10T22:10:00Z", action::automatic, "1.2.0",
            "2026-03-10T22:00:00Z"
        },
        plan_case{
            "automatic, closed again", "1.1.0", true, "2026-03-10T22:45:00Z", action::automatic,
            "1.2.0", "2026-03-11T22:00:00Z"
        },
        plan_case{
            "opted out", "1.1.0", false, "2026-03-10T12:00:00Z", action::none, nullptr, nullptr
        },
        plan_case{
            "a preview stays", "1.3.0", true, "2026-03-10T12:00:00Z", action::none, nullptr, nullptr
        },
        plan_case{
            "the newest stays", "1.2.0", true, "2026-03-10T12:00:00Z", action::none, nullptr,
            nullptr
        },
        plan_case{
            "forced though opted out", "1.0.0", false, "2026-03-10T12:00:00Z", action::forced,
            "1.2.0", "2026-03-10T22:00:00Z"
        },
        plan_case{
            "forced down", "1.4.0", false, "2026-03-10T12:00:00Z", action::forced, "1.2.0",
            "2026-03-10T22:00:00Z"
        },
        plan_case{
            "no SemVer is unknown", "v1.2.0", false, "2026-03-10T12:00:00Z", action::forced,
            "1.2.0", "2026-03-10T22:00:00Z"
        },
        plan_case{
            "an end in sight", "1.0.0", false, "2026-03-01T12:00:00Z", action::forced, "1.2.0",
            "2026-03-05T22:00:00Z"
        },
        plan_case{
            "an end too far away", "1.0.0", false, "2026-02-20T12:00:00Z", action::none, nullptr,
            nullptr
        },
        plan_case{
            "automatic before its end", "1.0.0", true, "2026-03-01T12:00:00Z", action::automatic,
            "1.2.0", "2026-03-01T22:00:00Z"
        }
    )
);

TEST(MaintenancePlan, AForcedMoveWaitsForAWindowThatBeginsAfterItBecameOne) {
    const auto who = on("1.0.0", false);
    const auto made =
        plan_maintenance(who, offer("2026-03-10T22:05:00Z"), {}, at("2026-03-10T22:10:00Z"), week);
    EXPECT_EQ(text(made.window.begin), "2026-03-11T22:00:00Z");
}

TEST(MaintenancePlan, AVersionThatWasSeenToGoIsLeftInTheNextWindow) {
    const std::map<semver, utc_time> gone{{*semver::parse("1.4.0"), at("2026-03-10T22:05:00Z")}};
    const auto                       who = on("1.4.0");
    EXPECT_EQ(
        text(plan(who, "2026-03-10T22:10:00Z", {.withdrawn = &gone}).window.begin),
        "2026-03-11T22:00:00Z"
    );
    EXPECT_EQ(text(plan(who, "2026-03-10T22:10:00Z").window.begin), "2026-03-10T22:00:00Z")
        << "nobody knows since when";
}

TEST(MaintenancePlan, WhatIsWantedSinceTheMiddleOfAWindowIsSharedOverItsRest) {
    const auto made =
        plan(on("1.1.0"), "2026-03-10T22:40:00Z", {.wanted_since = at("2026-03-10T22:40:00Z")});
    EXPECT_GE(*made.due, at("2026-03-10T22:40:00Z"));
    EXPECT_LT(*made.due, at("2026-03-10T22:45:00Z"));
}

TEST(MaintenancePlan, WithNothingLeftToMoveToSaysSo) {
    auto offered = offer();
    offered.erase(*semver::parse("1.2.0"));
    const auto who  = on("1.0.0");
    const auto now  = at("2026-03-10T12:00:00Z");
    const auto made = plan_maintenance(who, offered, {}, now, week);
    EXPECT_TRUE(made.nowhere_to_go);
    EXPECT_FALSE(made.move.target);
    const auto note = announcement_of(who, made, offered, now, week);
    ASSERT_TRUE(note);
    EXPECT_EQ(note->type, "Warning");
    EXPECT_EQ(note->reason, "FalcoVersionWithoutSuccessor");
    EXPECT_EQ(
        note->message,
        "Falco 1.0.0 expired at 2026-03-05T00:00:00Z, and no supported version is left to move "
        "to: it stays as it is"
    );
}

TEST(MaintenancePlan, ATargetThatIsGoneByThenIsNone) {
    auto offered = offer("2026-03-05T00:00:00Z");
    offered.at(*semver::parse("1.2.0")).expires =
        std::get<event_time>(parse_rfc3339("2026-03-05T12:00:00Z"));
    const auto made =
        plan_maintenance(on("1.0.0", false), offered, {}, at("2026-03-04T12:00:00Z"), week);
    EXPECT_TRUE(made.nowhere_to_go);
}

TEST(MaintenanceAnnouncement, SaysWhyWhereToAndWhen) {
    const auto who  = on("1.0.0", false);
    const auto now  = at("2026-03-01T12:00:00Z");
    const auto note = announcement_of(who, plan(who, "2026-03-01T12:00:00Z"), offer(), now, week);
    ASSERT_TRUE(note);
    EXPECT_EQ(note->type, "Normal");
    EXPECT_EQ(note->reason, "FalcoVersionMoveAnnounced");
    EXPECT_EQ(
        note->message,
        "Falco 1.0.0 expires at 2026-03-05T00:00:00Z; it moves to 1.2.0 in the "
        "maintenance window that begins at 2026-03-05T22:00:00Z"
    );
}

TEST(MaintenanceAnnouncement, ComesOnceADayUntilItIsDue) {
    const auto            who = on("1.0.0", false);
    std::set<std::string> said;
    auto                  now = at("2026-02-25T00:00:00Z");
    std::set<utc_time>    times;
    for (int i = 0; i < 10'000; ++i) {  // each quarter of an hour
        const auto made = plan_maintenance(who, offer(), {}, now, week);
        if (now >= at("2026-03-05T22:45:00Z")) break;
        if (const auto note = announcement_of(who, made, offer(), now, week))
            said.insert(note->once);
        if (const auto next = next_announcement(made, now, week)) {
            EXPECT_GT(*next, now);
            times.insert(*next);
        }
        now += 15min;
    }
    EXPECT_EQ(said.size(), 7u);
    EXPECT_LE(times.size(), 8u);
}

TEST(MaintenanceAnnouncement, OfAnAutomaticMoveThereIsNone) {
    const auto who = on("1.1.0");
    EXPECT_FALSE(announcement_of(
        who, plan(who, "2026-03-10T12:00:00Z"), offer(), at("2026-03-10T12:00:00Z"), week
    ));
}

TEST(MaintenanceEvent, StandsBesideItsObjectAndIsTheSameForTheSame) {
    const auto who  = on("1.0.0");
    const auto note = note_of_move(who, {action::automatic, "1.2.0", "it is newer"});
    const auto now  = at("2026-03-10T12:00:00Z");
    const auto made = event_object(who, note, now);
    EXPECT_EQ(made.text_at({"metadata", "namespace"}), "garden-p");
    EXPECT_EQ(made.text_at({"involvedObject", "kind"}), "Shoot");
    EXPECT_EQ(made.text_at({"involvedObject", "uid"}), "u-1");
    EXPECT_EQ(made.text_at({"message"}), "Falco moves from 1.0.0 to 1.2.0: it is newer");
    EXPECT_EQ(made.text_at({"type"}), "Normal");
    const auto name = [&](const maintained& of, const maintenance_note& what) {
        return std::string(event_object(of, what, now + 5s).text_at({"metadata", "name"}));
    };
    EXPECT_EQ(name(who, note), made.text_at({"metadata", "name"}));
    auto other = who;
    ++other.generation;  // moved by hand and back meanwhile
    EXPECT_NE(
        name(who, note),
        name(other, note_of_move(other, {action::automatic, "1.2.0", "it is newer"}))
    );
}

TEST(MaintenanceEvent, OnASeedStandsInNamespaceDefault) {
    auto object = shoot("{" + head + ", falcoVersion: 1.0.0}");
    object["metadata"].erase("namespace");
    const auto who  = read(object, maintained_kind::seed);
    const auto note = note_of_failure(who, "It", "was refused", at("2026-03-10T12:00:00Z"));
    const auto made = event_object(who, note, at("2026-03-10T12:00:00Z"));
    EXPECT_EQ(made.text_at({"metadata", "namespace"}), "default");
    EXPECT_EQ(made.text_at({"involvedObject", "kind"}), "Seed");
    EXPECT_EQ(made.find_path({"involvedObject", "namespace"}), nullptr);
    EXPECT_EQ(made.text_at({"reason"}), "SeedMaintenanceFailed");
    EXPECT_EQ(made.text_at({"type"}), "Warning");
}

TEST(MaintenanceEvent, IsNoLongerThanKubernetesTakes) {
    std::string why;
    for (int i = 0; i < 800; ++i) why += "ü";
    const auto who  = on("1.0.0");
    const auto made = event_object(who, note_of_failure(who, "x", why, {}), {});
    EXPECT_LE(made.text_at({"message"}).size(), 1024u);
    EXPECT_GT(made.text_at({"message"}).size(), 1000u);
    EXPECT_TRUE(parse_json(json_text(made)));
}

}  // namespace
}  // namespace falconer::falco

// The demo fleet tells what a real one would.
#include "sandbox/fleet/event_generator.hpp"

#include "falconer/heartbeat.hpp"
#include "falconer/value.hpp"

#include "ingest/event_json.hpp"
#include "support/json_leaves.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

namespace falconer::sandbox {
namespace {

using namespace std::chrono_literals;
using ingest::check_event;
using ingest::event_verdict;

constexpr utc_time now =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 12h + 123456789ns;
const cluster_identity shoot{"shoot--demo--apple-11111111-2222-4333-8444-555555555555-local"};

TEST(EventGeneratorTest, EveryEventIsOneThatTheIngestorStores) {
    for (const auto& cluster : {shoot, cluster_identity{"seed \"7\" <lab>"}}) {
        event_generator       generator(cluster, 1);
        std::set<std::string> rules, hosts;
        std::set<uuid>        ids;
        for (int i = 0; i < 3000; ++i) {
            const auto at   = now + i * 1'000'007ns;
            const auto body = generator.next(at);
            const auto got  = check_event(body, cluster, at);
            ASSERT_EQ(got.what, event_verdict::kind::store) << got.reason << '\n' << body;
            EXPECT_EQ(got.event.time, event_time_of(at));
            EXPECT_TRUE(body.size() >= 900 && body.size() <= 1500) << body.size();
            EXPECT_EQ(body.back(), '\n');
            EXPECT_EQ(got.event.texts.get(event_texts::part::extra), std::nullopt);
            rules.emplace(got.event.texts.get_or_empty(event_texts::part::rule));
            hosts.emplace(got.event.texts.get_or_empty(event_texts::part::hostname));
            ids.insert(got.event.id);
        }
        EXPECT_GE(rules.size(), 14u);
        EXPECT_EQ(hosts.size(), 5u);
        EXPECT_EQ(ids.size(), 3000u);
    }
}

TEST(EventGeneratorTest, TheSameSeedTellsTheSame) {
    event_generator one(shoot, 7), two(shoot, 7), other(shoot, 8);
    for (int i = 0; i < 50; ++i) {
        const auto body = one.next(now);
        EXPECT_EQ(body, two.next(now));
        EXPECT_NE(body, other.next(now));
    }
}

TEST(EventGeneratorTest, KeysComeInFalcosidekicksOrder) {
    event_generator generator(shoot, 3);
    const auto      body = generator.next(now);
    std::size_t     last = 0;
    for (const auto* key :
         {"\"uuid\":", "\"output\":", "\"priority\":", "\"rule\":", "\"time\":",
          "\"output_fields\":", "\"source\":", "\"tags\":", "\"hostname\":"}) {
        const auto at = body.find(key);
        ASSERT_NE(at, std::string::npos) << key;
        EXPECT_GE(at, last) << key;
        last = at;
    }
    const auto       begin = body.find("\"output_fields\":{") + 17;
    std::string_view fields(body.data() + begin, body.find("},\"source\"") - begin);
    std::string      before;
    while (!fields.empty()) {  // no text of a demo event holds a comma with a quote behind it
        const auto end = fields.find(",\"");
        const auto key = std::string(fields.substr(1, fields.find('"', 1) - 1));
        EXPECT_LT(before, key);
        before = key;
        fields.remove_prefix(end == std::string_view::npos ? fields.size() : end + 1);
    }
}

TEST(EventGeneratorTest, HeartbeatsProveThemselvesWithTheKeyThatTheClusterWasGiven) {
    event_generator generator(shoot, 3);
    const secret    key("k");
    generator.beat_with(key);
    int beats = 0;
    for (int i = 0; i < 3000; ++i) {
        const auto got = check_event(generator.next(now), shoot, now);
        if (got.event.texts.get_or_empty(event_texts::part::rule) != heartbeat_rule) continue;
        ++beats;
        const auto fields =
            parse_json(got.event.texts.get_or_empty(event_texts::part::output_fields));
        EXPECT_TRUE(proves_heartbeat(key, fields->text_at({"proc.args"}), now));
        EXPECT_FALSE(proves_heartbeat(secret("x"), fields->text_at({"proc.args"}), now));
    }
    EXPECT_GT(beats, 10);
}

TEST(EventGeneratorTest, TheSecondsFractionLosesItsZeros) {
    event_generator generator(shoot, 3);
    const auto      noon = utc_time(std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)) + 12h;
    EXPECT_NE(generator.next(noon).find(R"("time":"2026-11-23T12:00:00Z")"), std::string::npos);
    EXPECT_NE(
        generator.next(noon + 120ms).find(R"("time":"2026-11-23T12:00:00.12Z")"), std::string::npos
    );
    EXPECT_NE(
        generator.next(noon + 10min).find(R"("time":"2026-11-23T12:10:00Z")"), std::string::npos
    );
}

}  // namespace
}  // namespace falconer::sandbox

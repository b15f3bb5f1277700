// Every body of the corpus gets its verdict, and what is stored is what was sent.
#include "ingest/corpus.hpp"

#include "ingest/event_json.hpp"
#include "ingest/json_scanner.hpp"
#include "support/json_leaves.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

namespace falconer::ingest {
namespace {

using namespace std::chrono_literals;
using testing::json_leaves;
using testing::leaves_of;

constexpr utc_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 12h;

/// In memory of its own, so that the sanitizer sees a look beyond its end.
event_verdict verdict_of(std::string_view body, const std::string& identity) {
    const auto copy = std::make_unique<char[]>(body.size());
    body.copy(copy.get(), body.size());
    return check_event({copy.get(), body.size()}, cluster_identity{identity}, now);
}

bool is_one_line_for_people(std::string_view reason) {
    return !reason.empty() && reason.size() <= 500 &&
           std::ranges::all_of(reason, [](char c) { return c >= 0x20 && c < 0x7F; });
}

json_leaves below(const json_leaves& all, const std::string& key) {
    json_leaves out;
    for (const auto& [path, value] : all)
        if (path == '/' + key || path.starts_with('/' + key + '/'))
            out[path.substr(key.size() + 1)] = value;
    return out;
}

/// What was stored equals what another reader finds in the body.
void expect_unchanged(const falco_event& event, const std::string& body) {
    const auto shown = testing::with_shown_characters(body);
    const auto sent  = leaves_of(shown);
    ASSERT_TRUE(sent);
    using part = event_texts::part;
    EXPECT_EQ(event.has(event_flag::replaced_characters), shown != body);
    EXPECT_EQ(
        event.texts.get(part::raw),
        shown == body ? std::nullopt : std::optional(std::string_view(body))
    );
    const std::pair<part, std::string> strings[] = {
        {part::rule, "rule"},
        {part::output, "output"},
        {part::source, "source"},
        {part::hostname, "hostname"}
    };
    for (const auto& [which, key] : strings) {
        const auto stored = event.texts.get(which);
        const auto found  = sent->find('/' + key);
        ASSERT_EQ(stored.has_value(), found != sent->end()) << key;
        if (stored) {
            EXPECT_EQ('"' + std::string(*stored), found->second) << key;
        }
    }
    EXPECT_EQ(
        leaves_of(event.texts.get_or_empty(part::output_fields)), below(*sent, "output_fields")
    );
    if (const auto tags = event.texts.get(part::tags)) {
        EXPECT_EQ(leaves_of(*tags), below(*sent, "tags"));
    } else {
        EXPECT_TRUE(!sent->contains("/tags") || sent->at("/tags") == "null");
    }

    json_leaves extra = *sent;
    for (const auto* key :
         {"priority", "rule", "time", "output_fields", "uuid", "output", "source", "hostname",
          "tags"})
        for (const auto& [path, _] : below(*sent, key)) extra.erase('/' + std::string(key) + path);
    if (const auto stored = event.texts.get(part::extra)) {
        EXPECT_EQ(leaves_of(*stored), extra);
    } else {
        EXPECT_EQ(extra.size(), 1u) << "unknown keys were lost";  // the event itself
    }
    if (sent->contains("/uuid")) {
        EXPECT_EQ(event.id, uuid::parse(sent->at("/uuid").substr(1)));
    }
    EXPECT_EQ(event.has(event_flag::uuid_minted), !sent->contains("/uuid"));
}

void expect_verdict(const body_case& each) {
    SCOPED_TRACE(each.name);
    if (each.verdict == "reject413") {
        EXPECT_GT(each.body.size(), max_body_bytes);
        return;
    }
    ASSERT_LE(each.body.size(), max_body_bytes);
    const auto got = verdict_of(each.body, each.identity);
    ASSERT_EQ(name_of(got.what), each.verdict) << got.reason;
    EXPECT_EQ(got.about, each.about);
    if (each.verdict != "store") {
        EXPECT_PRED1(is_one_line_for_people, got.reason);
        if (!each.about.empty()) {
            EXPECT_NE(got.reason.find(each.about), std::string::npos) << got.reason;
        }
        return;
    }
    EXPECT_EQ(got.event.has(event_flag::past), each.flag == "past");
    EXPECT_EQ(got.event.has(event_flag::future), each.flag == "future");
    EXPECT_EQ(got.event.has(event_flag::replaced_characters), each.flag == "replaced_characters");
    EXPECT_EQ(got.event.received, now);
    for (const auto& [key, value] : each.expect) {
        if (key == "priority") {
            EXPECT_EQ(name_of(got.event.level), value);
        } else if (key == "rule") {
            EXPECT_EQ(got.event.texts.get(event_texts::part::rule), value);
        } else {
            ADD_FAILURE() << "nobody checks the expected " << key;
        }
    }
    expect_unchanged(got.event, each.body);
}

TEST(EventCorpusTest, EveryBodyOfOurOwnGetsItsVerdict) {
    const auto events = read_events(own_samples() / "events.ndjson");
    const auto cases  = read_cases(own_samples() / "poison");
    EXPECT_GE(events.size(), 20u);
    EXPECT_GE(cases.size(), 40u);
    for (const auto& each : events) expect_verdict(each);
    for (const auto& each : cases) expect_verdict(each);
}

TEST(EventCorpusTest, EveryBodyOfTheSharedCorpusGetsItsVerdict) {
    const auto shared = shared_corpus();
    if (!shared) {
        const char* const ci = std::getenv("CI");
        ASSERT_TRUE(ci == nullptr || std::string_view(ci) != "true")
            << "the shared corpus is missing";
        GTEST_SKIP() << "no shared corpus beside the source tree; name it in FALCONER_SHARED_DATA";
    }
    const auto events = read_events(*shared / "samples.ndjson");
    const auto cases  = read_cases(*shared / "poison");
    EXPECT_GE(events.size(), 400u);
    EXPECT_GE(cases.size(), 400u);
    for (const auto& each : events) expect_verdict(each);
    for (const auto& each : cases) expect_verdict(each);
}

/// All lengths of a small body, some hundred of a larger one.
TEST(EventCorpusTest, ABodyCutShortIsRefusedWhereverItIsCut) {
    for (const auto& each : all_cases()) {
        if (each.verdict == "reject400" || each.verdict == "reject413") continue;
        SCOPED_TRACE(each.name);
        const auto closing = each.body.find_last_of('}');
        const auto step    = closing < 1024 ? 1 : closing / 300;
        for (std::size_t size = 0; size <= closing; size += step) {
            const auto got = verdict_of(std::string_view(each.body).substr(0, size), each.identity);
            ASSERT_EQ(got.what, event_verdict::kind::reject400) << "cut at " << size;
            ASSERT_PRED1(is_one_line_for_people, got.reason);
        }
    }
}

TEST(EventCorpusTest, ABodyWithWrongBytesIsJsonToUsWhenItIsToAnotherReader) {
    std::mt19937 random(20261123);
    for (const auto& each : all_cases()) {
        if (each.body.empty() || each.body.size() > 20'000) continue;
        SCOPED_TRACE(each.name);
        for (int round = 0; round < 60; ++round) {
            std::string body  = each.body;
            const auto  place = random() % body.size();
            switch (random() % 3) {
                case 0: body[place] = static_cast<char>(random()); break;
                case 1: body[place] = "\"\\{}[]:,0eE-+. u\n"[random() % 18]; break;
                default: body.erase(place, 1);
            }
            const auto got = verdict_of(body, each.identity);
            if (got.what != event_verdict::kind::store) {
                ASSERT_PRED1(is_one_line_for_people, got.reason);
            }
            // RapidJSON ends at NUL, refuses large exponents and half a surrogate pair; and of what
            // is JSON we refuse more than it does.
            const bool refused            = got.what == event_verdict::kind::reject400;
            const bool of_another_cluster = got.reason.starts_with("output_fields.cluster_id");
            const bool no_object          = got.reason.starts_with("not a JSON object");
            if (body.find('\0') != std::string::npos || got.about == "number") continue;
            if (refused && (of_another_cluster || no_object)) continue;
            ASSERT_EQ(!refused, testing::is_json_to_rapidjson(testing::with_shown_characters(body)))
                << got.reason << '\n'
                << body;
        }
    }
}

TEST(EventCorpusTest, AMillionBracketsNeedNeitherStackNorMuchMemory) {
    const std::string open =
        R"({"priority":"Error","rule":"r","time":"2026-11-20T10:30:22Z","output_fields":{"a":)";
    const std::size_t deep = 500'000;
    std::string       body = open;
    body.append(deep, '[');
    EXPECT_EQ(verdict_of(body, "c").what, event_verdict::kind::reject400);
    body.append(deep, ']').append("}}");
    const auto got = verdict_of(body, "c");
    EXPECT_EQ(got.what, event_verdict::kind::quarantine);
    EXPECT_EQ(got.about, "depth");
}

}  // namespace
}  // namespace falconer::ingest

// One review fails within us, whatever the fault; the others that are under way do not hear of it.
#include "admission/review_handler.hpp"
#include "net/http_server.hpp"
#include "review_world.hpp"
#include "support/held_port.hpp"
#include "support/loopback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <new>
#include <stdexcept>

namespace falconer::admissions {
namespace {

using ::testing::HasSubstr;

constexpr auto unlucky = "garden-unlucky";  // a namespace that cannot be looked at

class ReviewFailuresTest : public test::loopback_fixture {
protected:
    small_garden             garden{};
    falco::operator_settings operators{};
    metrics_registry         metrics{};
    review_handler           handler{
        time, garden, falco::review_settings{.operators = operators}, metrics,
        [] { return std::vector<std::string>{}; }
    };
    test::held_port  place{loop};
    net::http_server server{loop.get_executor(), time, {.connections = 100}, handler};

    void SetUp() override {
        ASSERT_TRUE(server.listen(place.where()));
        scope.spawn("server", server.run());
        time.settle();
    }
    void TearDown() override {
        scope.spawn("stop", server.stop());
        eventually([&] { return server.connections() == 0; });
        loopback_fixture::TearDown();
    }

    static std::string in_namespace(const char* name) {
        auto made                                          = testing::yaml(review(good));
        made["request"]["namespace"]                       = name;
        made["request"]["object"]["metadata"]["namespace"] = name;
        return json_text(made);
    }
    static std::string posted(const std::string& path, const std::string& body) {
        return "POST " + path +
               "?timeout=10s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    static std::string body_of(const std::string& answer) {
        const auto at = answer.find("\r\n\r\n");
        return at == answer.npos ? "" : answer.substr(at + 4);
    }
    std::uint64_t failed(const char* phase) {
        return metrics
            .make_counter(
                "falconer_admission_reviews_total", "Reviews answered, by phase and verdict.",
                {{"phase", phase}, {"verdict", "failed"}}
            )
            .value();
    }
    /// Fifty reviews are half read; one fails; then the fifty are read to their end.
    void one_fails_among_fifty(const std::string& path, std::function<void()> fault) {
        garden.asked = [&](std::string_view name) {
            if (name == unlucky) fault();
        };
        const auto whole = posted(path, review(good)), broken = posted(path, in_namespace(unlucky));
        test::talker alone(loop, place.port());
        alone.say(whole);
        ASSERT_TRUE(eventually([&] { return alone.answers("200") == 1; })) << alone.heard();
        const auto expected = body_of(alone.heard());
        ASSERT_THAT(expected, HasSubstr("\"allowed\""));

        std::deque<test::talker> others;
        for (std::size_t i = 0; i < 50; ++i) {
            others.emplace_back(loop, place.port());
            others.back().say(whole.substr(0, 20 + i * (whole.size() - 30) / 50));
        }
        ASSERT_TRUE(eventually([&] { return server.connections() == 51; }));
        test::talker victim(loop, place.port());
        victim.say(broken);
        EXPECT_TRUE(eventually([&] { return victim.answers("500") == 1; })) << victim.heard();
        EXPECT_TRUE(eventually([&] { return victim.heard().ends_with("are not concerned\n"); }))
            << victim.heard();
        for (std::size_t i = 0; i < 50; ++i)
            others[i].say(whole.substr(20 + i * (whole.size() - 30) / 50));
        for (auto& each : others) {
            EXPECT_TRUE(eventually([&] { return each.heard().ends_with(expected); }))
                << each.heard();
            EXPECT_EQ(each.answers("200"), 1);
            EXPECT_EQ(body_of(each.heard()), expected);
        }
        // Its sender, too, is served as before.
        victim.say(whole);
        EXPECT_TRUE(eventually([&] { return victim.answers("200") == 1; })) << victim.heard();
    }
};

TEST_F(ReviewFailuresTest, WhatIsThrownInOneReviewTouchesNoOther) {
    one_fails_among_fifty("/webhooks/mutate", [] { throw std::runtime_error("an index\nis off"); });
    EXPECT_EQ(failed("mutate"), 1u);
    EXPECT_EQ(failed("validate"), 0u);
}

TEST_F(ReviewFailuresTest, NorDoesMemoryThatOneCannotHave) {
    one_fails_among_fifty("/webhooks/mutate", [] { throw std::bad_alloc(); });
    EXPECT_EQ(failed("mutate"), 1u);
}

}  // namespace
}  // namespace falconer::admissions

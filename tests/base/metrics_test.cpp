#include "falconer/metrics.hpp"

#include <gmock/gmock.h>

namespace falconer {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, CountersGaugesAndHistogramsAreExposedAsText) {
    metrics_registry metrics;
    metrics.make_counter("falconer_events_total", "Events.", {{"verdict", "store"}}).add(3);
    metrics.make_gauge("falconer_connections", "Open connections.").set(7);
    auto& took = metrics.make_histogram("falconer_answer_seconds", "Answers.", {0.01, 0.1});
    took.observe(0.005);
    took.observe(0.05);
    took.observe(5);

    const auto text = metrics.expose();
    EXPECT_THAT(text, HasSubstr("# TYPE falconer_events_total counter\n"));
    EXPECT_THAT(text, HasSubstr("falconer_events_total{verdict=\"store\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("falconer_connections 7\n"));
    EXPECT_THAT(text, HasSubstr("falconer_answer_seconds_bucket{le=\"0.01\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("falconer_answer_seconds_bucket{le=\"0.1\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("falconer_answer_seconds_bucket{le=\"+Inf\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("falconer_answer_seconds_count 3\n"));
}

TEST(MetricsTest, AskingTwiceGivesTheSameMetric) {
    metrics_registry metrics;
    auto&            first = metrics.make_counter("falconer_x_total", "X.", {{"a", "1"}});
    metrics.make_counter("falconer_x_total", "X.", {{"a", "2"}}).add(5);
    metrics.make_counter("falconer_x_total", "X.", {{"a", "1"}}).add(2);
    EXPECT_EQ(first.value(), 2u);
}

}  // namespace
}  // namespace falconer

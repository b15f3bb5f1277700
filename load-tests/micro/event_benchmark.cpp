// What one event costs: checking it, and making it up for the demo fleet.
#include "falconer/utf8.hpp"
#include "ingest/event_json.hpp"
#include "sandbox/fleet/event_generator.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace falconer;

const cluster_identity cluster{"shoot--demo--apple-11111111-2222-4333-8444-555555555555-local"};
const utc_time         now{std::chrono::seconds(1'795'000'000)};

std::vector<std::string> bodies() {
    sandbox::event_generator generator(cluster, 1);
    std::vector<std::string> out;
    for (int i = 0; i < 256; ++i) out.push_back(generator.next(now + std::chrono::milliseconds(i)));
    return out;
}

void check_event(benchmark::State& state) {
    const auto  all = bodies();
    std::size_t i = 0, bytes = 0, stored = 0;
    for (auto _ : state) {
        const auto& body  = all[i++ % all.size()];
        const auto  got   = ingest::check_event(body, cluster, now);
        stored           += got.what == ingest::event_verdict::kind::store;
        bytes            += body.size();
        benchmark::DoNotOptimize(&got);
    }
    if (stored != i) state.SkipWithError("an event was not stored");
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
    state.counters["bytes/event"] = static_cast<double>(bytes) / static_cast<double>(i);
}
BENCHMARK(check_event);

void check_utf8_only(benchmark::State& state) {
    const auto  all = bodies();
    std::size_t i   = 0;
    for (auto _ : state) benchmark::DoNotOptimize(is_utf8(all[i++ % all.size()]));
}
BENCHMARK(check_utf8_only);

void make_event(benchmark::State& state) {
    sandbox::event_generator generator(cluster, 1);
    for (auto _ : state) benchmark::DoNotOptimize(generator.next(now));
}
BENCHMARK(make_event);

}  // namespace

BENCHMARK_MAIN();

// What one shoot's certificates cost, and compressing what is delivered to it.
#include "falconer/falco/certificate_plan.hpp"
#include "falconer/falco/managed_resource.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

namespace {

using namespace falconer;
using namespace falconer::falco;

constexpr utc_time start{std::chrono::seconds(1'795'000'000)};

certificate_plan planned(const std::optional<kept_secret>& kept) {
    return *plan_certificates(kept, {.cluster_name = "shoot--demo--apple"}, {}, start);
}

/// Two authorities and two leaves.
void make_certificates(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(planned({}));
}
BENCHMARK(make_certificates)->Unit(benchmark::kMicrosecond);

/// As a controller that has just started looks at them.
void judge_certificates(benchmark::State& state) {
    std::vector<kept_secret> all;  // more than are kept parsed
    for (int i = 0; i < 64; ++i) all.push_back(planned({}).kept);
    std::size_t i = 0;
    for (auto _ : state) benchmark::DoNotOptimize(planned(all[i++ % all.size()]));
}
BENCHMARK(judge_certificates)->Unit(benchmark::kMicrosecond);

/// The demo's rules stand for what is delivered: text of the same kind.
void compress_delivery(benchmark::State& state) {
    std::ostringstream text;
    text << std::ifstream(RULES).rdbuf();
    if (text.str().empty()) return state.SkipWithError("cannot read " RULES);
    const managed_resource_name name{
        .name = "a", .namespace_name = "shoot--a--b", .secret_prefix = "managedresource-a"
    };
    const object_bundle bundle{.secret = "managedresource-a-12345678", .text = text.str()};
    std::size_t         bytes = 0;
    for (auto _ : state) {
        const auto secret = secret_of(name, bundle);
        bytes             = secret->text_at({"data", "data.yaml.br"}).size();
    }
    state.counters["text"]   = static_cast<double>(bundle.text.size());
    state.counters["base64"] = static_cast<double>(bytes);
}
BENCHMARK(compress_delivery)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();

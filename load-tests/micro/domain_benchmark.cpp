// What the pure decisions cost: a shoot rendered, a review answered, rule files linted.
#include "falconer/falco/catalogue_rule_check.hpp"
#include "falconer/falco/credentials_plan.hpp"
#include "falconer/falco/delivery_plan.hpp"
#include "falconer/falco/extension_service.hpp"
#include "falconer/falco/review.hpp"
#include "falconer/falco/rule_lint.hpp"

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <sstream>
#include <string>
#include <vector>

/// What is in use and how much it was at most, in bytes: the same on every machine. Of what
/// operator new hands out; libraries in C have little.
namespace heap {
std::size_t in_use = 0, most = 0;
}  // namespace heap

void* operator new(std::size_t size) {
    void* const made = std::malloc(size == 0 ? 1 : size);
    if (made == nullptr) throw std::bad_alloc();
    heap::in_use += malloc_usable_size(made);
    if (heap::in_use > heap::most) heap::most = heap::in_use;
    return made;
}
void operator delete(void* made) noexcept {
    heap::in_use -= malloc_usable_size(made);
    std::free(made);
}
void operator delete(void* made, std::size_t) noexcept {
    operator delete(made);
}

namespace {

using namespace falconer;
namespace fs = std::filesystem;

constexpr utc_time now{std::chrono::seconds(1'795'440'000)};  // 2026-11-23

std::string text_of(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    if (!text.str().empty()) return text.str();
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
}

const fs::path source = SOURCE;

std::string example(const char* name) {
    return text_of(source / "config/examples" / name);
}

value parsed(const std::string& text) {
    auto is = parse_yaml(text);
    if (is) return *std::move(is);
    std::fprintf(stderr, "%s\n", is.error().detail.c_str());
    std::exit(2);
}

struct landscape {
    falco::releases offered =
        falco::merge({falco::decode_falco_profile(parsed(example("profile.yaml"))).profile});
    falco::operator_settings     settings{};
    falco::rule_catalogue        rules{};
    std::map<std::string, value> config_maps{}, secrets{};

    landscape() {
        for (const auto& [number, each] : offered.falco)
            rules[each.rules_version]["falco_rules.yaml"] =
                text_of(source / "config/rules/demo" / each.rules_version / "falco_rules.yaml");
        auto objects = parse_yaml_stream(example("control-plane.yaml"));
        for (auto& each : *objects) {
            const std::string name(each.text_at({"metadata", "name"}));
            secrets.emplace(name, std::move(each));
        }
    }

    std::optional<falco::kept_secret> kept(const std::string& name) const {
        return *falco::as_kept(secrets.at(name));
    }
};

/// From two objects' texts to the text of everything that is delivered. Profiles, rules and kept
/// Secrets are at hand, as in a controller.
void render_shoot(benchmark::State& state) {
    const landscape is;
    const auto  extension_text = example("extension.yaml"), cluster_text = example("cluster.yaml");
    std::size_t bytes = 0, objects = 0;
    for (auto _ : state) {
        const auto     extension = parsed(extension_text), cluster_object = parsed(cluster_text);
        field_problems problems;
        const auto     cluster = falco::read_cluster(extension, cluster_object, problems);
        const auto asked = falco::read_service(extension, cluster, is.offered, is.settings, now);
        const falco::credentials_want want{
            .cluster  = cluster,
            .service  = asked.service,
            .settings = is.settings,
            .needs    = falco::needs_of(asked.service, is.settings)
        };
        const auto made = falco::plan_credentials(
            is.kept(falco::certificate_secret_of(cluster.is)),
            is.kept(falco::token_secret_of(cluster.is)), want, now
        );
        if (!problems.empty() || !asked.problems.empty() || !made)
            return state.SkipWithError("the example is refused");
        const auto plan = falco::plan_delivery({
            .cluster               = cluster,
            .service               = asked.service,
            .settings              = is.settings,
            .offered               = is.offered,
            .rules                 = is.rules,
            .config_maps           = is.config_maps,
            .secrets               = is.secrets,
            .certificates          = made->certificates->delivery,
            .tokens                = made->ready,
            .heartbeat_key         = made->heartbeat_key,
            .service_account_epoch = made->service_account_epoch,
            .now                   = now,
            .path                  = falco::provider_config_path,
        });
        bytes = objects = 0;
        for (const auto* list : {&plan.target, &plan.seed})
            for (const auto& each : *list) {
                bytes += yaml_text(each).size();
                ++objects;
            }
        if (objects < 10) return state.SkipWithError("next to nothing was rendered");
    }
    state.counters["objects"] = static_cast<double>(objects);
    state.counters["bytes"]   = static_cast<double>(bytes);
}
BENCHMARK(render_shoot)->Unit(benchmark::kMicrosecond);

/// The garden of config/examples/reviews.
class garden final : public falco::garden_view {
public:
    garden() {
        auto around = parse_yaml_stream(example("reviews/garden.yaml"));
        for (auto& each : *around) objects_.push_back(std::move(each));
        for (const auto& each : objects_)
            if (each.text_at({"kind"}) == "ConfigMap")
                rules_.emplace(
                    each.text_at({"metadata", "name"}),
                    std::make_shared<const falco::custom_rule_files>(falco::read_custom_rules(each))
                );
    }

    const value* namespace_named(std::string_view name) const override {
        return find("Namespace", name);
    }
    const value* project_of(std::string_view namespace_name) const override {
        for (const auto& each : objects_)
            if (each.text_at({"kind"}) == "Project" &&
                each.text_at({"spec", "namespace"}) == namespace_name)
                return &each;
        return nullptr;
    }
    const falco::releases& offered() const override { return landscape_.offered; }
    falco::seen_rules      custom_rules(std::string_view, std::string_view name) const override {
        const auto found = rules_.find(name);
        if (found == rules_.end()) return {};
        return {.is = falco::sight::known, .files = found->second};
    }
    falco::seen_secret secret(std::string_view, std::string_view name) const override {
        const auto* found = find("Secret", name);
        if (found == nullptr) return {};
        return {.is = falco::sight::known, .object = found};
    }
    const falco::rule_catalogue& rules() const { return landscape_.rules; }

private:
    const value* find(std::string_view kind, std::string_view name) const {
        for (const auto& each : objects_)
            if (each.text_at({"kind"}) == kind && each.text_at({"metadata", "name"}) == name)
                return &each;
        return nullptr;
    }

    landscape          landscape_{};
    std::vector<value> objects_{};
    std::map<std::string, std::shared_ptr<const falco::custom_rule_files>, std::less<>> rules_{};
};

/// From the text of a review to the text of its answer, for the example with everything wrong at
/// once or the minimal one.
void review(benchmark::State& state, const char* file, falco::review_phase phase) {
    const garden                      around;
    const falco::catalogue_rule_check rules(around.rules());
    const auto                        config = parsed(example("reviews/landscape.yaml"));
    field_problems                    problems;
    const auto settings = falco::decode_operator_settings(*config.find("falco"), problems);
    const falco::review_settings how{.operators = settings, .rules = &rules};

    value review{
        {"apiVersion", "admission.k8s.io/v1"},
        {"kind", "AdmissionReview"},
        {"request", {{"uid", "u"}, {"operation", "CREATE"}}},
    };
    review["request"]["object"] = parsed(example(file));
    const auto  text            = json_text(review);
    std::size_t bytes           = 0;
    for (auto _ : state) {
        const auto read   = parse_json(text);
        const auto answer = falco::answer_review(*read, phase, around, how, now);
        if (!answer) return state.SkipWithError(answer.error().detail.c_str());
        bytes = json_text(*answer).size();
    }
    state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK_CAPTURE(review, mutate_minimal, "reviews/minimal.yaml", falco::review_phase::mutate)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(
    review, validate_everything_wrong, "reviews/everything-at-once.yaml",
    falco::review_phase::validate
)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(
    review, validate_broken_rules, "reviews/rule-files-broken.yaml", falco::review_phase::validate
)
    ->Unit(benchmark::kMicrosecond);

/// The three standard files of a release; without ../shared the demo's one.
std::vector<falco::rule_file> standard_files(bool& all) {
    const char*    shared = std::getenv("FALCONER_SHARED");
    const fs::path real = (shared != nullptr ? fs::path(shared) : source.parent_path() / "shared") /
                          "data/rules/5.1.0";
    all = fs::exists(real);
    if (!all)
        return {{"falco_rules.yaml", text_of(source / "config/rules/demo/5.1.0/falco_rules.yaml")}};
    std::vector<falco::rule_file> files;
    for (const char* name :
         {"falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"})
        files.push_back({name, text_of(real / name)});
    return files;
}

/// Each time as if for the first time: a comment at the end makes every file another one.
void lint_standard_files(benchmark::State& state) {
    static std::uint64_t round  = 0;  // all this is called again until it lasts long enough
    bool                 all    = false;
    const auto           files  = standard_files(all);
    const auto           linted = [&] {
        auto       fresh = files;
        const auto mark  = "# " + std::to_string(++round) + '\n';
        for (auto& each : fresh) each.text += mark;
        return falco::lint_rules(fresh, 0, {.falco_version = "0.44.1"});
    };
    // The table of fields is read once, whatever the files.
    falco::lint_rules(std::vector<falco::rule_file>{{"a.yaml", "- list: a\n"}}, 0, {});
    const auto before = heap::in_use;
    heap::most        = before;
    if (falco::refused(linted())) return state.SkipWithError("standard rules are refused");
    const auto peak = heap::most - before;

    for (auto _ : state) benchmark::DoNotOptimize(linted());
    state.counters["files"]    = static_cast<double>(files.size());
    state.counters["peak_MiB"] = static_cast<double>(peak) / (1 << 20);
    if (!all) state.SetLabel("the demo's one file only: ../shared is not there");
}
BENCHMARK(lint_standard_files)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

// Fuzzes AdmissionReviews: whatever an API server passes on is answered or refused by name, what
// the mutating half makes is settled, and what it does not change it leaves alone.
#include "falconer/base64.hpp"
#include "falconer/falco/review.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace falconer;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

struct bare_garden final : falco::garden_view {
    falco::releases there{};

    bare_garden() {
        const auto profile = parse_yaml(
            "{apiVersion: falco.gardener.cloud/v1alpha1, kind: FalcoProfile, metadata: {name: p}, "
            "spec: {versions: {falco: [{version: 0.43.0, rulesVersion: 5.0.0, classification: "
            "supported}, {version: 0.41.3, rulesVersion: 4.0.0, classification: deprecated}]}}}"
        );
        there = falco::merge({falco::decode_falco_profile(*profile).profile});
    }
    const value*           namespace_named(std::string_view) const override { return nullptr; }
    const value*           project_of(std::string_view) const override { return nullptr; }
    const falco::releases& offered() const override { return there; }
    falco::seen_rules custom_rules(std::string_view, std::string_view) const override { return {}; }
    falco::seen_secret secret(std::string_view, std::string_view) const override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static const bare_garden              garden;
    static const falco::operator_settings operators = [] {
        falco::operator_settings is;
        is.global_defaults = {{.name = "audit", .key = "kafka", .stanza = value::map()}};
        return is;
    }();
    const auto restricted = [&](int bit) {
        return (data[0] >> bit) % 2 == 0 ? falco::allowance::everybody
                                         : falco::allowance::annotated_namespaces;
    };
    const falco::review_settings settings{
        .operators = operators, .usage = restricted(1), .central_logging = restricted(2)
    };
    const auto now  = utc_time(std::chrono::seconds(1'795'000'000));
    const auto read = parse_json({reinterpret_cast<const char*>(data) + 1, size - 1});
    if (!read) return 0;
    const auto phase =
        data[0] % 2 == 0 ? falco::review_phase::mutate : falco::review_phase::validate;
    const auto answer = falco::answer_review(*read, phase, garden, settings, now);
    if (!answer) {
        require(!answer.error().detail.empty(), "a refusal says why");
        return 0;
    }
    const auto* response = answer->find("response");
    require(response != nullptr, "a verdict is a response");
    require(
        response->text_at({"uid"}) == read->text_at({"request", "uid"}), "the uid is the request's"
    );
    const auto* allowed = response->find("allowed");
    require(allowed != nullptr && allowed->boolean().has_value(), "it says whether");
    if (!*allowed->boolean()) {
        require(!response->text_at({"status", "message"}).empty(), "it says why");
        require(response->find("patch") == nullptr, "nothing is done to what is refused");
        return 0;
    }
    const auto* coded = response->find("patch");
    if (coded == nullptr) return 0;
    const auto patch = parse_json(*decode_base64(*coded->text()));
    require(patch && patch->items().size() == 1, "one change at most");

    // Done to the object, there is nothing left to do.
    auto        again = *read;
    auto&       spec  = again["request"]["object"]["spec"];
    const auto& step  = patch->items()[0];
    const auto  path  = step.text_at({"path"});
    if (!path.ends_with("/providerConfig")) return 0;
    const auto at =
        std::strtoul(path.data() + std::string_view("/spec/extensions/").size(), nullptr, 10);
    spec["extensions"].item(at)["providerConfig"] = *step.find("value");
    const auto second =
        falco::answer_review(again, falco::review_phase::mutate, garden, settings, now);
    require(second && second->find_path({"response", "patch"}) == nullptr, "twice is once");
    return 0;
}

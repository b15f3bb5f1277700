// falconer review: what the admission webhook answers, without a garden.
#include "commands.hpp"

#include "app/configuration.hpp"
#include "app/object_files.hpp"
#include "app/rules_folder.hpp"
#include "falconer/base64.hpp"
#include "falconer/falco/catalogue_rule_check.hpp"
#include "falconer/falco/review.hpp"
#include "falconer/go_bool.hpp"
#include "garden_files.hpp"
#include "now_option.hpp"
#include "sandbox/kube_api/patch.hpp"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace falconer::cli {
namespace {

struct review_options {
    std::string              phase{}, config{}, rules{}, now{};
    std::vector<std::string> profiles{}, objects{};
    bool restricted_usage = false, restricted_central = false, otlp = false, after_mutation = false;
};

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
    to.insert(to.end(), more.begin(), more.end());
}

/// JSON, as an API server sends it, or YAML, as people write it.
result<value> read_review(std::istream& in) {
    const auto text = app::read_text(in);
    if (!text) return failure(text.error()).while_doing("standard input");
    const auto begin = text->find_first_not_of(" \t\r\n");
    const bool json  = begin != text->npos && ((*text)[begin] == '{' || (*text)[begin] == '[');
    auto       read  = json ? parse_json(*text) : parse_yaml(*text);
    if (!read) return std::move(read).error().while_doing("standard input");
    return read;
}

garden_files read_garden(const review_options& opt, std::vector<std::string>& problems) {
    auto profiles = app::read_profiles(opt.profiles);
    append(problems, profiles.problems);
    for (const auto& each : profiles.all.warnings) std::cerr << "warning: " << each << '\n';
    garden_files garden(std::move(profiles.all));
    for (const auto& path : opt.objects) {
        auto file = app::read_objects(path);
        append(problems, file.problems);
        for (auto& object : file.objects)
            if (const auto added = garden.add(std::move(object)); !added)
                problems.push_back(path + ": " + added.error().detail);
    }
    return garden;
}

falco::operator_settings read_settings(
    const review_options& opt, std::vector<std::string>& problems
) {
    if (opt.config.empty()) return {};
    auto read = app::read_configuration_file(opt.config, {});
    append(problems, read.problems);
    return std::move(read.value.falco);
}

falco::allowance annotated_if(bool restricted) {
    return restricted ? falco::allowance::annotated_namespaces : falco::allowance::everybody;
}

/// As the Go extension has it: what is no truth is no answer.
bool usage_is_restricted(bool flag) {
    const char* const said = std::getenv("RESTRICTED_USAGE");
    return said == nullptr ? flag : parse_go_bool(said).value_or(flag);
}

/// Both webhooks, one after the other, as an API server asks them. The verdict is the second one's,
/// the patch is the first one's.
template <class Answer>
result<value> mutate_and_validate(value review, const Answer& answer) {
    auto mutated = answer(review, falco::review_phase::mutate);
    if (!mutated) return mutated;
    const auto* coded   = mutated->find_path({"response", "patch"});
    const auto* allowed = mutated->find_path({"response", "allowed"});
    if (allowed == nullptr || !allowed->boolean().value_or(false)) return mutated;
    if (coded != nullptr) {
        const auto text  = decode_base64(*coded->text());
        const auto patch = text ? parse_json(*text) : text.error();
        if (!patch) return patch.error();
        auto& object = review["request"]["object"];
        auto  made   = sandbox::json_patched(object, *patch);
        if (!made) return made;
        object = std::move(*made);
    }
    auto validated = answer(review, falco::review_phase::validate);
    if (!validated) return validated;
    auto& first  = (*mutated)["response"];
    auto& second = (*validated)["response"];
    for (const auto* key : {"patchType", "patch"})
        if (const auto* is = first.find(key)) second[key] = *is;
    if (const auto* said = first.find("warnings")) {
        auto all = *said;
        if (const auto* more = second.find("warnings"))
            for (const auto& each : more->items()) all.push_back(each);
        second["warnings"] = std::move(all);
    }
    return validated;
}

int review(const review_options& opt) {
    std::vector<std::string> problems;
    const auto               now = read_now(opt.now);
    if (!now) problems.push_back(now.error().detail);
    const auto        garden   = read_garden(opt, problems);
    const auto        settings = read_settings(opt, problems);
    app::rules_folder standard;
    if (const auto folder =
            opt.rules.empty() ? app::built_in_rules() : std::filesystem::path(opt.rules);
        !folder.empty())
        standard = app::read_rules_folder(folder);
    append(problems, standard.problems);
    if (!problems.empty()) {
        for (const auto& each : problems) std::cerr << each << '\n';
        return wrong_usage;
    }
    const falco::catalogue_rule_check rules(std::move(standard.catalogue));
    const auto                        asked = read_review(std::cin);
    if (!asked) {
        std::cerr << asked.error().detail << '\n';
        return answer_is_no;
    }
    const falco::review_settings around{
        .operators       = settings,
        .known           = opt.config.empty() ? falco::landscape::unknown : falco::landscape::known,
        .usage           = annotated_if(usage_is_restricted(opt.restricted_usage)),
        .central_logging = annotated_if(opt.restricted_central),
        .otlp            = opt.otlp ? falco::otlp_logging::on : falco::otlp_logging::off,
        .rules           = &rules,
    };
    const auto ask = [&](const value& of, falco::review_phase phase) {
        return falco::answer_review(of, phase, garden, around, *now);
    };
    const bool mutates = opt.phase == "mutate";
    const auto answer =
        !mutates && opt.after_mutation
            ? mutate_and_validate(*asked, ask)
            : ask(*asked, mutates ? falco::review_phase::mutate : falco::review_phase::validate);
    if (!answer) {
        std::cerr << answer.error().detail << '\n';
        return answer_is_no;
    }
    std::cout << json_text(*answer) << '\n';
    return success;
}

}  // namespace

void add_review_command(CLI::App& root, int& exit_code) {
    auto* const sub = root.add_subcommand(
        "review", "Answers an AdmissionReview on standard input, as the webhook does"
    );
    const auto opt = std::make_shared<review_options>();
    sub->add_option("--phase", opt->phase, "Which webhook answers")
        ->required()
        ->check(CLI::IsMember({"mutate", "validate"}));
    sub->add_option("--profile", opt->profiles, "FalcoProfiles; may be given several times")
        ->required()
        ->type_name("FILE");
    sub->add_option(
           "--config", opt->config,
           "Falconer's configuration, of which section falco counts; without it the destination "
           "central is taken for offered, but is no default"
    )
        ->type_name("FILE");
    sub->add_option(
           "--objects", opt->objects,
           "Namespaces, Projects, ConfigMaps and Secrets of the garden; may be given several times"
    )
        ->type_name("FILE");
    sub->add_option(
           "--rules", opt->rules,
           "Falco's rules, a folder per version, behind which custom rules are read; default: "
           "those "
           "of the image; without any only what is wrong by itself is told"
    )
        ->type_name("DIR");
    sub->add_flag(
        "--restricted-usage", opt->restricted_usage,
        "Only namespaces annotated falco.gardener.cloud/enabled may use Falco; RESTRICTED_USAGE in "
        "the environment overrides it"
    );
    sub->add_flag(
        "--restricted-centralized-logging", opt->restricted_central,
        "Only namespaces annotated falco.gardener.cloud/central-logging may use central"
    );
    sub->add_flag("--otlp-logging", opt->otlp, "The destination otlp is offered");
    sub->add_flag(
        "--after-mutation", opt->after_mutation,
        "validate: what the mutating webhook has made of it, as an API server does; the answer "
        "carries its patch, too"
    );
    sub->add_option("--now", opt->now, "The time of asking; without it, now")->type_name("RFC3339");
    sub->footer(
        "Exit code 0: a verdict was given, whichever. scripts/show-reviews.sh has more "
        "examples.\n\n"
        "Example:\n"
        "  jq '{apiVersion: \"admission.k8s.io/v1\", kind: \"AdmissionReview\", request: {uid: "
        "\"1\",\n"
        "       operation: \"CREATE\", object: .}}' shoot.json |\n"
        "      falconer review --phase validate --profile config/examples/profile.yaml"
    );
    sub->callback([opt, &exit_code] { exit_code = review(*opt); });
}

}  // namespace falconer::cli

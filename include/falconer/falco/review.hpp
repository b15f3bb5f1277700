// What an AdmissionReview of a Shoot or a Seed is answered: defaults written back, mistakes
// refused.
#pragma once

#include "falconer/falco/garden_view.hpp"
#include "falconer/falco/operator_settings.hpp"
#include "falconer/falco/rule_lint.hpp"
#include "falconer/result.hpp"
#include "falconer/time_source.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace falconer::falco {

enum class review_phase : std::uint8_t { mutate, validate };

/// Who may use something: everybody, or those whose namespace carries the annotation.
enum class allowance : std::uint8_t { everybody, annotated_namespaces };
enum class otlp_logging : std::uint8_t { off, on };
/// Whether operator_settings are the landscape's. Unknown: then nothing is refused for what the
/// landscape would lack.
enum class landscape : std::uint8_t { known, unknown };

/// What a version of Falco would load, in its order.
struct rules_in_use {
    std::string                   falco_version{}, rules_version{};  // the latter: of standard
    std::vector<std::string>      standard{};                        // "falco-rules", …
    std::vector<const rule_file*> custom{};               // the user's, those that can be seen
    bool                          others_unseen = false;  // it loads further files besides
    std::vector<loaded_plugin>    plugins{};
};

/// A linter of rules. Called at each review: it remembers what it has read, by content.
class rule_check {
public:
    virtual ~rule_check() = default;

    /// Of each of `custom`, in that order, what is wrong with it: a line each, "mine.yaml:12: …".
    virtual std::vector<std::vector<std::string>> problems_of(const rules_in_use& rules) const = 0;
    /// Likewise: rules that Falco would skip, because nobody brings the events they ask for.
    virtual std::vector<std::vector<std::string>> skipped_in(const rules_in_use& rules) const {
        return std::vector<std::vector<std::string>>(rules.custom.size());
    }
};

struct review_settings {
    const operator_settings& operators;
    landscape                known           = landscape::known;
    allowance                usage           = allowance::everybody;
    allowance                central_logging = allowance::everybody;
    otlp_logging             otlp            = otlp_logging::off;
    const rule_check*        rules           = nullptr;  // null: rules are not linted
};

/// AdmissionReview with a request → AdmissionReview with its response, of the same version
/// (admission.k8s.io/v1 or v1beta1).
///   mutate    what was left unsaid is filled in, and the landscape's destinations come and go
///   validate  everything that is wrong at once: 403, a line each, beginning with its field path
/// Whatever is no Shoot or Seed, or cannot be read as one: 400. An object that is being deleted,
/// and an update that leaves the spec alone, is never refused.
/// Errors: malformed, what is no AdmissionReview with a uid at all.
result<value> answer_review(
    const value& review, review_phase phase, const garden_view& garden,
    const review_settings& settings, utc_time now
);

/// On a project's Namespace, "true": its shoots may use Falco, or the destination central.
inline constexpr std::string_view enabled_annotation = "falco.gardener.cloud/enabled";
inline constexpr std::string_view central_annotation = "falco.gardener.cloud/central-logging";
/// On a Project or its Namespace, "true": its shoots do not get the landscape's destinations.
inline constexpr std::string_view skip_defaults_annotation =
    "falco.gardener.cloud/skip-default-destinations";

}  // namespace falconer::falco

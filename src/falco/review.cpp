#include "falconer/falco/review.hpp"

#include "falconer/base64.hpp"
#include "falconer/falco/extension_protocol.hpp"
#include "falconer/spelling.hpp"
#include "review_case.hpp"
#include "review_check.hpp"
#include "review_defaults.hpp"

#include <algorithm>
#include <optional>

namespace falconer::falco {
namespace {

constexpr int forbidden = 403, bad_request = 400;

/// More lines help nobody, and an answer has its limits.
constexpr std::size_t most_lines = 50;

/// What is answered. Nothing else: let it pass as it is.
struct verdict {
    int                      refused = 0;  // the code
    std::string              why{};
    value                    patch = value::list();
    std::vector<std::string> warnings{};
};

verdict refuse(int code, const field_problems& problems) {
    verdict is{.refused = code};
    for (std::size_t i = 0; i < problems.size(); ++i) {
        if (i > 0) is.why += '\n';
        if (i == most_lines) {
            is.why += "and " + std::to_string(problems.size() - i) + " problems more";
            break;
        }
        is.why += problems[i].text();
    }
    return is;
}

/// With its keys in the order in which API servers hand them on: what is told of an object must not
/// hang on who shows it.
value with_sorted_keys(const value& is) {
    if (is.is_list()) {
        auto made = value::list();
        for (const auto& each : is.items()) made.push_back(with_sorted_keys(each));
        return made;
    }
    if (!is.is_map()) return is;
    std::vector<const value::entry*> all;
    for (const auto& each : is.entries()) all.push_back(&each);
    std::ranges::stable_sort(all, {}, [](const auto* each) { return std::string_view(each->key); });
    auto made = value::map();
    for (const auto* each : all) made.add(each->key, with_sorted_keys(each->is), each->line);
    return made;
}

decoded_config read_config(const reviewed_entry& entry) {
    static const value nothing;
    return decode_service_config(
        entry.config != nullptr ? with_sorted_keys(*entry.config) : nothing, entry.config_path()
    );
}

value patch_of(const reviewed_entry& entry, const service_config& was, const service_config& is) {
    static const value nothing;
    auto               patch = value::list();
    patch.push_back(value{
        {"op", entry.has_key ? "replace" : "add"},
        {"path", "/spec/extensions/" + std::to_string(entry.at) + "/providerConfig"},
        {"value", written_back(entry.config != nullptr ? *entry.config : nothing, was, is)},
    });
    return patch;
}

/// A seed that uses the extension because all seeds do has no entry of its own (yet).
value patch_of(const value& spec, const service_config& config) {
    value       entry{{"type", extension_type}, {"providerConfig", encode(config)}};
    const auto* all   = spec.find("extensions");
    const bool  there = all != nullptr && all->is_list();
    auto        patch = value::list();
    patch.push_back(value{
        {"op", "add"},
        {"path", there ? "/spec/extensions/-" : "/spec/extensions"},
        {"value", there ? entry : value(value::list_type{entry})},
    });
    return patch;
}

/// What is done to the object: settled, so that settling it again changes nothing.
verdict mutate(const review_case& is) {
    const bool listed = is.now.entry.has_value();
    if (!listed && (is.now.is != extension_class::seed || !is.now.labelled)) return {};
    auto entry = is.now.entry.value_or(reviewed_entry{});
    if (!listed)
        if (const auto* all = is.now.spec->find("extensions")) entry.at = all->items().size();

    auto decoded = read_config(entry);
    if (!decoded.problems.empty())
        return is.spec_is_unchanged()
                   ? verdict{}
                   : refuse(forbidden, check_review(decoded, is, entry).problems);
    const auto written = decoded.config;
    verdict    done{.warnings = settle_config(decoded.config, is, entry.config_path())};
    const bool complete = decoded.config == written && entry.config != nullptr;
    if (complete && done.warnings.empty()) return {};

    // Whoever sets an annotation must not be refused for what we have made of the spec.
    const bool lacks_version = !decoded.config.falco_version;
    if (is.spec_is_unchanged() || lacks_version) {
        const auto found = check_review(decoded, is, entry);
        if (!found.problems.empty())
            return is.spec_is_unchanged() ? verdict{} : refuse(forbidden, found.problems);
    }
    if (complete) return done;
    done.patch =
        listed ? patch_of(entry, written, decoded.config) : patch_of(*is.now.spec, decoded.config);
    return done;
}

verdict validate(const review_case& is) {
    if (!is.now.entry || is.spec_is_unchanged()) return {};
    const auto& entry   = *is.now.entry;
    const auto  decoded = read_config(entry);
    auto        found   = check_review(decoded, is, entry);
    if (!found.problems.empty()) return refuse(forbidden, found.problems);
    return {.warnings = std::move(found.warnings)};
}

/// Of "core.gardener.cloud", any version: what comes over the wire is v1beta1.
std::optional<extension_class> class_of(const value& request) {
    std::string_view kind    = request.text_at({"kind", "kind"});
    std::string_view group   = request.text_at({"kind", "group"});
    const auto       version = request.text_at({"object", "apiVersion"});
    if (kind.empty()) {
        kind  = request.text_at({"object", "kind"});
        group = version.substr(0, version.find('/'));
    }
    if (group != "core.gardener.cloud") return {};
    if (kind == "Shoot") return extension_class::shoot;
    if (kind == "Seed") return extension_class::seed;
    return {};
}

verdict decide(
    const value& request, review_phase phase, const garden_view& garden,
    const review_settings& settings, utc_time now
) {
    const auto operation = request.text_at({"operation"});
    if (operation != "CREATE" && operation != "UPDATE") return {};
    const auto is = class_of(request);
    if (!is) {
        auto kind = request.text_at({"kind", "kind"});
        if (kind.empty()) kind = request.text_at({"object", "kind"});
        return refuse(
            bad_request, {{"", "expected a Shoot or a Seed of core.gardener.cloud, found " +
                                   described(value(kind))}}
        );
    }
    static const value nothing;
    const auto*        object = request.find("object");
    field_problems     problems;
    auto               after = read_reviewed(object != nullptr ? *object : nothing, *is, problems);
    if (!problems.empty()) return refuse(bad_request, problems);
    if (after.in_namespace.empty()) after.in_namespace = request.text_at({"namespace"});
    if (after.deleting || (after.entry && after.entry->disabled)) return {};

    std::optional<reviewed_object> before;
    const auto*                    old = request.find("oldObject");
    field_problems                 forgiven;  // what it was is not to be blamed on what it becomes
    if (operation == "UPDATE" && old != nullptr && old->is_map())
        before = read_reviewed(*old, *is, forgiven);
    const review_case all{
        .now = after, .before = before, .garden = garden, .settings = settings, .time = now
    };
    return phase == review_phase::mutate ? mutate(all) : validate(all);
}

/// Source: k8s.io/api, admission/v1 and v1beta1, AdmissionResponse.
value response_of(const std::string& uid, const verdict& is) {
    value response{{"uid", uid}, {"allowed", is.refused == 0}};
    if (is.refused != 0)
        response["status"] = {
            {"code", is.refused},
            {"reason", is.refused == forbidden ? "Forbidden" : "BadRequest"},
            {"message", is.why},
        };
    if (!is.patch.items().empty()) {
        response["patchType"] = "JSONPatch";
        response["patch"]     = encode_base64(json_text(is.patch));
    }
    for (const auto& each : is.warnings) response["warnings"].push_back(each);
    return response;
}

failure no_review(const std::string& why) {
    return {errc::malformed, "no AdmissionReview: " + why};
}

}  // namespace

result<value> answer_review(
    const value& review, review_phase phase, const garden_view& garden,
    const review_settings& settings, utc_time now
) {
    if (!review.is_map()) return no_review("expected a mapping, found " + described(review));
    const auto version = review.text_at({"apiVersion"});
    if (review.text_at({"kind"}) != "AdmissionReview")
        return no_review("kind: found " + described(value(review.text_at({"kind"}))));
    if (version != "admission.k8s.io/v1" && version != "admission.k8s.io/v1beta1")
        return no_review(
            "apiVersion: expected admission.k8s.io/v1 or admission.k8s.io/v1beta1, found " +
            described(value(version))
        );
    const auto* request = review.find("request");
    if (request == nullptr || !request->is_map()) return no_review("request is needed");
    const std::string uid(request->text_at({"uid"}));
    if (uid.empty()) return no_review("request.uid is needed");
    const auto is = decide(*request, phase, garden, settings, now);
    return value{
        {"apiVersion", version}, {"kind", "AdmissionReview"}, {"response", response_of(uid, is)}
    };
}

}  // namespace falconer::falco

#include "admission.hpp"

#include "falconer/base64.hpp"
#include "falconer/ids.hpp"
#include "patch.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace falconer::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view review_group = "admission.k8s.io/";
constexpr std::size_t      most_clients = 32;

kube_type registration(const char* kind, const char* plural) {
    return {
        .group      = "admissionregistration.k8s.io",
        .version    = "v1",
        .kind       = kind,
        .plural     = plural,
        .namespaced = false,
    };
}

bool names(const value& rule, std::string_view list, std::string_view wanted) {
    const auto* const all = rule.find(list);
    return all != nullptr &&
           std::any_of(all->items().begin(), all->items().end(), [&](const value& each) {
               const auto* const text = each.text();
               return text != nullptr && (*text == "*" || *text == wanted);
           });
}

/// "shoots", "shoots/status", "*", "shoots/*", "*/status".
bool names_resource(const value& rule, const api_write& what) {
    const auto* const all = rule.find("resources");
    if (all == nullptr) return false;
    return std::any_of(all->items().begin(), all->items().end(), [&](const value& each) {
        if (!each.is_text()) return false;
        const std::string_view text  = *each.text();
        const auto             slash = text.find('/');
        const auto             type  = text.substr(0, slash);
        const auto part = slash == text.npos ? std::string_view{} : text.substr(slash + 1);
        return (type == "*" || type == what.type.type.plural) &&
               (part == what.part || (part == "*" && !what.part.empty()));
    });
}

bool matches(const value& rule, const api_write& what) {
    const auto  scope = rule.text_at({"scope"});
    const auto& type  = what.type.type;
    if (!scope.empty() && scope != "*" && (scope == "Namespaced") != type.namespaced) return false;
    return names(rule, "apiGroups", type.group) && names(rule, "apiVersions", type.version) &&
           names(rule, "operations", what.operation) && names_resource(rule, what);
}

struct hook {
    value is{};
    bool  mutates = false;
};

/// In the order in which they are called.
std::vector<hook> hooks_for(const api_store& store, const api_write& what) {
    std::vector<hook> found;
    // Whoever could refuse changes to the registrations could never be removed again.
    if (what.type.type.group == "admissionregistration.k8s.io") return found;
    const std::array registrations{
        registration("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
        registration("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    };
    for (const auto& type : registrations) {
        const auto page = store.list(type, {}, {});
        if (!page) continue;
        for (const auto& each : page->items) {
            const auto* const webhooks = each.find("webhooks");
            if (webhooks == nullptr) continue;
            for (const auto& webhook : webhooks->items()) {
                const auto* const rules = webhook.find("rules");
                if (rules == nullptr) continue;
                const auto wanted = [&](const value& rule) { return matches(rule, what); };
                if (std::any_of(rules->items().begin(), rules->items().end(), wanted))
                    found.push_back({webhook, type.kind.starts_with('M')});
            }
        }
    }
    return found;
}

/// A LabelSelector in the words that a list takes.
std::string selector_text(const value& selector) {
    std::string text;
    const auto  add = [&](const std::string& part) {
        if (!text.empty()) text += ',';
        text += part;
    };
    if (const auto* labels = selector.find("matchLabels"))
        for (const auto& each : labels->entries())
            add(each.key + "=" + std::string(labels->text_at({each.key})));
    const auto* const expressions = selector.find("matchExpressions");
    if (expressions == nullptr) return text;
    for (const auto& each : expressions->items()) {
        const auto key = std::string(each.text_at({"key"}));
        const auto is  = each.text_at({"operator"});
        if (is == "Exists") add(key);
        if (is == "DoesNotExist") add("!" + key);
        if (is != "In" && is != "NotIn") continue;
        auto              list   = key + (is == "In" ? " in (" : " notin (");
        const auto* const values = each.find("values");
        bool              first  = true;
        if (values != nullptr)
            for (const auto& one : values->items()) {
                if (!std::exchange(first, false)) list += ',';
                if (one.is_text()) list += *one.text();
            }
        add(list + ")");
    }
    return text;
}

result<bool> selects(const value& webhook, std::string_view which, const value& object) {
    const auto* const selector = webhook.find(which);
    if (selector == nullptr) return true;
    auto parsed = api_selector::parse(selector_text(*selector), {});
    if (!parsed) return std::move(parsed).error();
    return parsed->matches(object);
}

/// Of a webhook whose rules name the write. The object is looked at before and after it.
result<bool> is_selected(const api_store& store, const value& webhook, const api_write& what) {
    const auto before = selects(webhook, "objectSelector", what.old);
    if (!before) return before;
    const auto after = selects(webhook, "objectSelector", what.object);
    if (!after) return after;
    if (!(!what.old.is_null() && *before) && !(!what.object.is_null() && *after)) return false;
    const auto& type = what.type.type;
    if (type.group.empty() && type.plural == "namespaces")
        return selects(
            webhook, "namespaceSelector", what.object.is_null() ? what.old : what.object
        );
    if (!type.namespaced) return true;
    static const kube_type namespaces{
        .kind = "Namespace", .plural = "namespaces", .namespaced = false
    };
    const auto space = store.get(namespaces, {{}, what.key.namespace_name});
    return selects(webhook, "namespaceSelector", space ? *space : value{});
}

value review_of(const api_write& what, std::string_view version, const std::string& uid) {
    const auto& type = what.type.type;
    const value kind{{"group", type.group}, {"version", type.version}, {"kind", type.kind}};
    const value resource{
        {"group", type.group}, {"version", type.version}, {"resource", type.plural}
    };
    const auto options = what.operation.substr(0, 1) +
                         (what.operation == "CREATE"   ? "reate"
                          : what.operation == "UPDATE" ? "pdate"
                                                       : "elete") +
                         "Options";
    value asked{
        {"uid", uid},
        {"kind", kind},
        {"resource", resource},
        {"requestKind", kind},
        {"requestResource", resource},
        {"name", what.key.name},
        {"operation", what.operation},
        {"userInfo",
         {{"username", "kubernetes-admin"},
          {"groups", value::list_type{"system:masters", "system:authenticated"}}}},
        {"object", what.object},
        {"oldObject", what.old},
        {"dryRun", what.dry_run},
        {"options", {{"kind", options}, {"apiVersion", "meta.k8s.io/v1"}}},
    };
    if (!what.part.empty()) asked["subResource"] = what.part;
    if (type.namespaced) asked["namespace"] = what.key.namespace_name;
    std::string api(review_group);
    api += version;
    return {{"kind", "AdmissionReview"}, {"apiVersion", api}, {"request", asked}};
}

/// "v1" or "v1beta1", whichever it names first. Empty: neither.
std::string_view version_of(const value& webhook) {
    const auto* const known = webhook.find("admissionReviewVersions");
    if (known == nullptr) return {};
    for (const auto& each : known->items())
        if (each.is_text() && (*each.text() == "v1" || *each.text() == "v1beta1"))
            return *each.text();
    return {};
}

struct webhook_place {
    net::http_place place{};
    std::string     path{};
};

result<webhook_place> place_of(const value& webhook) {
    const auto url = webhook.text_at({"clientConfig", "url"});
    if (url.empty())
        return failure{
            errc::malformed, "it has no clientConfig.url, and there are no services here"
        };
    const auto scheme = url.find("://");
    const auto slash  = scheme == url.npos ? url.npos : url.find('/', scheme + 3);
    auto       place  = net::parse_place(url.substr(0, slash));
    if (!place) return std::move(place).error();
    if (!place->tls) return failure{errc::malformed, "clientConfig.url must be of scheme https"};
    return webhook_place{
        std::move(*place), slash == url.npos ? "/" : std::string(url.substr(slash))
    };
}

std::chrono::seconds timeout_of(const value& webhook) {
    const auto* const said = webhook.find("timeoutSeconds");
    const auto        is   = said == nullptr ? std::nullopt : said->integer();
    return std::chrono::seconds(std::clamp<std::int64_t>(is.value_or(10), 1, 30));
}

/// What it answered to the review of that uid and version.
result<value> response_in(
    const net::http_response& answer, const std::string& uid, std::string_view version
) {
    if (answer.status != 200)
        return failure{
            errc::malformed, "the webhook answered with status " + std::to_string(answer.status)
        };
    const auto read = parse_json(answer.body);
    if (!read) return read.error();
    std::string expected(review_group);
    expected += version;
    if (read->text_at({"kind"}) != "AdmissionReview" || read->text_at({"apiVersion"}) != expected)
        return failure{errc::malformed, "its answer is no AdmissionReview of " + expected};
    const auto* const response = read->find("response");
    if (response == nullptr) return failure{errc::malformed, "its answer has no response"};
    if (response->text_at({"uid"}) != uid)
        return failure{errc::malformed, "its answer's uid is not that of the request"};
    return *response;
}

/// Errors: malformed.
result<value> patched(value object, const value& response) {
    const auto encoded = response.text_at({"patch"});
    if (encoded.empty()) return object;
    if (object.is_null())
        return failure{
            errc::malformed,
            "it attempted to modify the object, which is not supported for this operation"
        };
    if (response.text_at({"patchType"}) != "JSONPatch")
        return failure{errc::malformed, "response.patchType must be JSONPatch"};
    const auto text = decode_base64(encoded);
    if (!text) return text.error();
    const auto patch = parse_json(*text);
    if (!patch) return patch.error();
    return json_patched(std::move(object), *patch);
}

failure refused(const std::string& name, const value& response) {
    auto why = response.text_at({"status", "message"});
    if (why.empty()) why = response.text_at({"status", "reason"});
    auto said                 = "admission webhook \"" + name + "\" denied the request";
    said                     += why.empty() ? " without explanation" : ": ";
    said                     += why;
    const auto* const number  = response.find_path({"status", "code"});
    switch (number == nullptr ? 0 : number->integer().value_or(0)) {
        case 400: return {errc::broken, said};
        case 404: return {errc::not_found, said};
        case 409: return {errc::conflict, said};
        case 413: return {errc::too_large, said};
        case 422: return {errc::malformed, said};
        default: return {errc::denied, said};
    }
}

/// HTTP 500, as where the server itself is at fault.
failure failed_calling(const std::string& name, const std::string& why) {
    return {
        std::make_error_code(std::errc::io_error),
        "Internal error occurred: failed calling webhook \"" + name + "\": " + why
    };
}

bool has_side_effects(const value& webhook) {
    const auto is = webhook.text_at({"sideEffects"});
    return is != "None" && is != "NoneOnDryRun";
}

}  // namespace

bool api_admission::concerns(const api_store& store, const api_write& what) {
    return !hooks_for(store, what).empty();
}

result<std::shared_ptr<net::http_client>> api_admission::client_for(
    std::string ca, std::chrono::seconds timeout
) {
    const trust of{std::move(ca), timeout};
    if (const auto known = clients_.find(of); known != clients_.end()) return known->second;
    // Certificates that were rotated away; whoever still uses a client holds it.
    if (clients_.size() >= most_clients) clients_.clear();
    net::http_client::options opt;
    opt.ca      = of.first;
    opt.answer  = timeout;
    opt.connect = timeout;
    auto made   = net::make_http_client(loop_, time_, std::move(opt));
    if (!made) return std::move(made).error();
    return clients_.emplace(of, std::move(*made)).first->second;
}

task<result<value>> api_admission::ask(const value& webhook, const api_write& what) {
    const auto version = version_of(webhook);
    if (version.empty())
        co_return failure{
            errc::malformed, "its admissionReviewVersions name neither v1 nor v1beta1"
        };
    const auto to = place_of(webhook);
    if (!to) co_return to.error();
    auto ca = decode_base64(webhook.text_at({"clientConfig", "caBundle"}));
    if (!ca) co_return failure{errc::malformed, "its caBundle is not base64"};
    const auto timeout = timeout_of(webhook);
    const auto client  = client_for(std::move(*ca), timeout);
    if (!client) co_return client.error();
    const auto held = *client;
    const auto uid  = uuid::random().text();

    net::http_request request;
    request.method  = "POST";
    request.target  = to->path;
    request.target += to->path.find('?') == std::string::npos ? "?timeout=" : "&timeout=";
    request.target += std::to_string(timeout.count()) + "s";
    request.headers.add("Content-Type", "application/json");
    request.body      = json_text(review_of(what, version, uid));
    const auto answer = co_await held->send(to->place, std::move(request));
    if (!answer) co_return answer.error();
    co_return response_in(*answer, uid, version);
}

task<result<api_admitted>> api_admission::review(const api_store& store, api_write what) {
    api_admitted made;
    const auto   hooks = hooks_for(store, what);
    for (const auto& each : hooks) {
        const auto name   = std::string(each.is.text_at({"name"}));
        const auto strict = each.is.text_at({"failurePolicy"}) != "Ignore";
        const auto wanted = is_selected(store, each.is, what);
        if (!wanted) co_return failed_calling(name, wanted.error().detail);
        if (!*wanted) continue;
        if (what.dry_run && has_side_effects(each.is))
            co_return failure{
                errc::broken, "admission webhook \"" + name + "\" does not support dry run"
            };
        auto said = co_await ask(each.is, what);
        if (!said) {
            if (strict) co_return failed_calling(name, said.error().detail);
            continue;
        }
        if (const auto* warnings = said->find("warnings"))
            for (const auto& warning : warnings->items())
                if (warning.is_text()) made.warnings.push_back(*warning.text());
        const auto* const allowed = said->find("allowed");
        if (allowed == nullptr || allowed->boolean() != true) co_return refused(name, *said);
        if (!each.mutates) continue;
        auto changed = patched(what.object, *said);
        if (changed)
            what.object = std::move(*changed);
        else if (strict)
            co_return failed_calling(name, changed.error().detail);
    }
    made.object = std::move(what.object);
    co_return made;
}

}  // namespace falconer::sandbox

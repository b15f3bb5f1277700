#include "cluster_check.hpp"

#include "k8s/kube_client.hpp"

#include <array>
#include <utility>

namespace falconer::app {
namespace {

constexpr std::string_view extensions = "extensions.gardener.cloud";
constexpr std::string_view resources  = "resources.gardener.cloud";
constexpr std::string_view core       = "core.gardener.cloud";
constexpr std::string_view falco      = "falco.gardener.cloud";
constexpr std::string_view admission  = "admissionregistration.k8s.io";

constexpr std::array<cluster_right, 25> controller_in_seed{{
    {"get", extensions, "extensions"},
    {"list", extensions, "extensions"},
    {"watch", extensions, "extensions"},
    {"patch", extensions, "extensions"},
    {"patch", extensions, "extensions/status"},
    {"list", extensions, "clusters"},
    {"watch", extensions, "clusters"},
    {"get", resources, "managedresources"},
    {"list", resources, "managedresources"},
    {"watch", resources, "managedresources"},
    {"create", resources, "managedresources"},
    {"update", resources, "managedresources"},
    {"patch", resources, "managedresources"},
    {"delete", resources, "managedresources"},
    {"get", "", "secrets"},
    {"list", "", "secrets"},
    {"create", "", "secrets"},
    {"update", "", "secrets"},
    {"patch", "", "secrets"},
    {"delete", "", "secrets"},
    {"get", "", "configmaps"},
    {"list", "", "namespaces"},
    {"watch", "", "namespaces"},
    {"create", "coordination.k8s.io", "leases"},
    {"update", "coordination.k8s.io", "leases"},
}};

constexpr std::array<cluster_right, 2> controller_in_garden{{
    {"list", falco, "falcoprofiles"},
    {"watch", falco, "falcoprofiles"},
}};

constexpr std::array<cluster_right, 15> admission_in_garden{{
    {"get", "", "namespaces"},
    {"list", "", "namespaces"},
    {"watch", "", "namespaces"},
    {"list", core, "projects"},
    {"watch", core, "projects"},
    {"list", falco, "falcoprofiles"},
    {"watch", falco, "falcoprofiles"},
    {"list", core, "shoots"},
    {"watch", core, "shoots"},
    {"update", core, "shoots"},
    {"list", core, "seeds"},
    {"update", core, "seeds"},
    {"create", "", "events"},
    {"create", admission, "mutatingwebhookconfigurations"},
    {"create", admission, "validatingwebhookconfigurations"},
}};

constexpr std::array<cluster_right, 4> console_in_garden{{
    {"create", "authentication.k8s.io", "tokenreviews"},
    {"create", "authorization.k8s.io", "subjectaccessreviews"},
    {"list", core, "projects"},
    {"watch", core, "projects"},
}};

const kube_type who_am_i{
    .group      = "authentication.k8s.io",
    .kind       = "SelfSubjectReview",
    .plural     = "selfsubjectreviews",
    .namespaced = false
};
const kube_type may_i{
    .group      = "authorization.k8s.io",
    .kind       = "SelfSubjectAccessReview",
    .plural     = "selfsubjectaccessreviews",
    .namespaced = false
};

/// A question is an object that is created and never kept; its name is not sent.
task<result<value>> asked(kube_api& api, kube_type type, value spec) {
    value question{{"apiVersion", type.api_version()}, {"kind", type.kind}};
    if (!spec.is_null()) question["spec"] = std::move(spec);
    kube_key nobody{"", "question"};
    auto answer = co_await api.create(std::move(type), std::move(nobody), std::move(question), {});
    co_return answer;
}

value question_about(const cluster_right& right) {
    const auto slash    = right.resource.find('/');
    value      resource = {
        {"verb", right.verb},
        {"group", right.group},
        {"resource", right.resource.substr(0, slash)},
    };
    if (slash != right.resource.npos) resource["subresource"] = right.resource.substr(slash + 1);
    return {{"resourceAttributes", std::move(resource)}};
}

std::string text_of(const cluster_right& right) {
    std::string text(right.verb);
    text.append(" ").append(right.resource);
    if (!right.group.empty()) text.append(".").append(right.group);
    return text;
}

}  // namespace

std::span<const cluster_right> rights_of_controller_in_seed() {
    return controller_in_seed;
}
std::span<const cluster_right> rights_of_controller_in_garden() {
    return controller_in_garden;
}
std::span<const cluster_right> rights_of_admission_in_garden() {
    return admission_in_garden;
}
std::span<const cluster_right> rights_of_console_in_garden() {
    return console_in_garden;
}

task<result<cluster_findings>> check_cluster(
    asio::any_io_executor loop, time_source& time, k8s::kube_access access,
    std::span<const cluster_right> needed
) {
    // Whoever waits for a report wants to hear soon that nobody is there.
    k8s::kube_client_options how{.answer = std::chrono::seconds(10), .patience = 1};
    cluster_findings         found;
    how.skewed = [&found](std::chrono::seconds apart) { found.clock_apart = apart; };
    auto made  = k8s::make_kube_client(std::move(loop), time, std::move(access), std::move(how));
    if (!made) co_return std::move(made).error();
    auto& api = **made;

    auto version = co_await api.server_version();
    if (!version) co_return std::move(version).error();
    found.version = std::move(*version);
    auto me       = co_await asked(api, who_am_i, {});
    if (me)
        found.who = me->text_at({"status", "userInfo", "username"});
    else if (me.error().code != errc::not_found)  // older than 1.28
        co_return std::move(me).error();
    for (const auto& each : needed) {
        auto answer = co_await asked(api, may_i, question_about(each));
        if (!answer) co_return std::move(answer).error();
        const auto* const allowed = answer->find_path({"status", "allowed"});
        if (allowed == nullptr || allowed->boolean() != true)
            found.missing.push_back(text_of(each));
    }
    co_return found;
}

}  // namespace falconer::app

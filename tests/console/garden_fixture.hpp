// A console whose users are a garden's: projects a and b, and people with rights in it.
#pragma once

#include "console/access/garden_access.hpp"
#include "console_fixture.hpp"
#include "sandbox/kube_api/account_tokens.hpp"
#include "sandbox/kube_api/store_api.hpp"
#include "support/yaml.hpp"

#include <string>
#include <utility>

namespace falconer::console::test {

inline const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
inline const kube_type projects{
    .group      = "core.gardener.cloud",
    .version    = "v1beta1",
    .kind       = "Project",
    .plural     = "projects",
    .namespaced = false
};
inline const kube_type roles{
    .group      = "rbac.authorization.k8s.io",
    .kind       = "ClusterRole",
    .plural     = "clusterroles",
    .namespaced = false
};
inline const kube_type bindings{
    .group = "rbac.authorization.k8s.io", .kind = "RoleBinding", .plural = "rolebindings"
};
inline const kube_type wide_bindings{
    .group      = "rbac.authorization.k8s.io",
    .kind       = "ClusterRoleBinding",
    .plural     = "clusterrolebindings",
    .namespaced = false
};

class garden_fixture : public console_fixture {
protected:
    using right = garden_access::right;

    sandbox::api_store           garden{time};
    sandbox::store_api           api{time, garden};
    garden_access::options       how{};
    std::optional<garden_access> access;
    std::vector<std::string>     calls;            // of questions
    bool                         is_away = false;  // the garden

    void SetUp() override {
        api.decide([this](const std::string& call) {
            if (call.starts_with("create ")) calls.push_back(call);
            return is_away && call.find("Review") != call.npos ? sandbox::call_fate::fails
                                                               : sandbox::call_fate::goes_well;
        });
        add_role(
            "viewer", "[{apiGroups: [core.gardener.cloud], resources: [shoots], verbs: [get]}]"
        );
        add_role(
            "member",
            "[{apiGroups: [core.gardener.cloud], resources: [shoots], verbs: [get, list, update]}]"
        );
        add_role(
            "analyst",
            "[{apiGroups: [core.gardener.cloud], resources: [shoots], verbs: [get]}, "
            "{apiGroups: [falco.gardener.cloud], resources: [falcoevents], verbs: [update]}]"
        );
        for (const auto* name : {"a", "b"}) add_project(name);
        for (const auto* name : {"outsider", "member", "viewer", "operator"})
            api.know(secret(name), {name, {"system:authenticated", std::string(name) + "s"}});
        api.know(secret("admin"), {"admin", {"system:masters"}});
        bind("member", "member", "garden-a");
        bind("viewer", "viewer");
        bind("operator", "member");
        access.emplace(loop.get_executor(), time, api, how);
        access->start();
        time.settle();
        make();
    }
    void make() {
        console_fixture::make();
        console->let_in_by(*access);
    }
    void TearDown() override {
        auto ended = start(stopped(*access));
        time.settle();
        EXPECT_TRUE(ended->has_value());
        console.reset();
        console_fixture::TearDown();
    }
    static task<bool> stopped(garden_access& which) {
        co_await which.stop();
        co_return true;
    }

    void add_role(const std::string& name, const std::string& rules) {
        must(garden.create(roles, {{}, name}, {{"rules", testing::yaml(rules)}}, {}));
    }
    void add_project(const std::string& name) {
        (void)garden.create(namespaces, {{}, "garden-" + name}, value::map(), {});
        must(garden.create(projects, {{}, name}, {{"spec", {{"namespace", "garden-" + name}}}}, {})
        );
    }
    /// A user; without a namespace: everywhere.
    void bind(const std::string& user, const std::string& role, const std::string& in = "") {
        value       subject{{"kind", "User"}, {"name", user}};
        const value binding{
            {"roleRef", {{"kind", "ClusterRole"}, {"name", role}}},
            {"subjects", value::list_type{std::move(subject)}}
        };
        must(garden.create(
            in.empty() ? wide_bindings : bindings, {in, user + "-" + role}, binding, {}
        ));
    }
    void unbind(const std::string& user, const std::string& role, const std::string& in = "") {
        must(garden.remove(in.empty() ? wide_bindings : bindings, {in, user + "-" + role}, {}));
    }
    template <class T>
    static void must(const result<T>& done) {
        EXPECT_TRUE(done) << done.error().detail;
    }

    net::http_request with_token(
        const std::string& token, std::string target, std::string method = "GET"
    ) {
        auto it = request(std::move(target), std::move(method));
        it.headers.add("Authorization", "Bearer " + token);
        return it;
    }
    net::http_response get_as(const std::string& token, std::string target) {
        return ask(with_token(token, std::move(target)));
    }
    /// Rules of the events that somebody sees, in one line.
    std::string rules_seen_by(const std::string& token) {
        const auto answer = get_as(token, "/api/v1/events");
        if (answer.status != 200) return std::to_string(answer.status);
        const auto  page = of(answer);
        std::string all;
        for (const auto& each : page.find("events")->items())
            all += (all.empty() ? "" : " ") + std::string(each.text_at({"rule"}));
        return all;
    }
    net::http_response sign_in_by(const std::string& body) {
        auto answer = ask(request("/api/v1/session", "POST", body));
        if (const auto set = answer.headers.find("Set-Cookie"))
            cookie_ = set->substr(set->find('=') + 1, set->find(';') - set->find('=') - 1);
        return answer;
    }
    std::size_t asked(const std::string& kind) const {
        return static_cast<std::size_t>(std::ranges::count_if(calls, [&](const auto& each) {
            return each.starts_with("create " + kind);
        }));
    }
};

}  // namespace falconer::console::test

// The Kubernetes side of `falconer up`: garden, seed and shoots in one sandbox API, and Gardener's
// part on it.
#include "falconer/base64.hpp"
#include "free_port.hpp"
#include "sandbox/fleet/demo_files.hpp"
#include "up.hpp"

#include <iostream>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

const kube_type namespaces_type{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
const kube_type shoots_type{
    .group = "core.gardener.cloud", .version = "v1beta1", .kind = "Shoot", .plural = "shoots"
};

}  // namespace

/// A Kubernetes API that is garden, seed and every shoot at once, and Gardener's part on it.
result<void> up_application::start_landscape() {
    local_api::options where;
    where.folder  = opt_.data / "kubernetes";
    where.archive = where.folder / "objects.archive";
    where.listen  = free_near({asio::ip::address_v4::loopback(), 6443});
    kubernetes_   = std::make_unique<local_api>(loop_, time_, std::move(where));
    if (auto done = kubernetes_->start(); !done) return done;
    if (!kubernetes_->warning().empty())
        std::cerr << "warning: " << kubernetes_->warning() << std::endl;
    auto& store = kubernetes_->store();
    recognise_shoots();
    for (std::size_t i = 1; i < opt_.shoots; ++i) {
        const auto who = sandbox::demo_cluster(i);
        of_cluster_.emplace(who.text, "shoot--" + who.shoot()->project + "--" + who.shoot()->name);
    }
    gardenlet_.emplace(
        time_, store,
        sandbox::gardenlet::options{
            // The demo's clusters are the same at every start, so that their events stay theirs.
            .identity =
                [this](const std::string& technical_id, const std::string& uid) {
                    for (const auto& [identity, technical] : of_cluster_)
                        if (technical == technical_id) return identity;
                    auto made = technical_id + "-" + uid + "-demo";
                    of_cluster_.emplace(made, technical_id);
                    return made;
                },
            .kubeconfig = [this](const std::string& id) { return kubernetes_->kubeconfig(id); },
            .has_gone =
                [this](const std::string& id) {
                    std::erase_if(of_cluster_, [&](const auto& each) { return each.second == id; });
                    kubernetes_->forget_shoot(id);
                },
        }
    );
    resource_manager_.emplace(time_, store, [this](const std::string& control_plane) {
        return &kubernetes_->shoot(control_plane);
    });
    add_shoots();
    return {};
}

/// Of the last start: a shoot is the same for as long as it is there.
void up_application::recognise_shoots() {
    const auto all = kubernetes_->store().list(shoots_type, {}, {.limit = 0});
    for (const auto& each : all->items) {
        const std::string identity(each.text_at({"status", "clusterIdentity"}));
        if (!identity.empty()) of_cluster_.emplace(identity, sandbox::technical_id_of(each));
    }
}

/// With its namespace; once more: nothing.
void up_application::add_project(const std::string& name) {
    const kube_type projects{
        .group      = "core.gardener.cloud",
        .version    = "v1beta1",
        .kind       = "Project",
        .plural     = "projects",
        .namespaced = false
    };
    auto&       store = kubernetes_->store();
    const auto  in    = "garden-" + name;
    const value labels{{"project.gardener.cloud/name", name}};
    (void)store.create(namespaces_type, {{}, in}, {{"metadata", {{"labels", labels}}}}, {});
    (void)store.create(projects, {{}, name}, {{"spec", {{"namespace", in}}}}, {});
    add_account(in, "member", "project-member");
}

/// Somebody to sign in as: `kubectl create token NAME -n NAMESPACE`. In `garden`: everywhere.
void up_application::add_account(
    const std::string& in, const std::string& name, const std::string& role
) {
    const std::string rbac = "rbac.authorization.k8s.io";
    const kube_type   accounts{.kind = "ServiceAccount", .plural = "serviceaccounts"};
    const kube_type   here{.group = rbac, .kind = "RoleBinding", .plural = "rolebindings"};
    const kube_type   everywhere{
          .group      = rbac,
          .kind       = "ClusterRoleBinding",
          .plural     = "clusterrolebindings",
          .namespaced = false
    };
    const bool  wide = in == "garden";
    const value subject{{"kind", "ServiceAccount"}, {"name", name}, {"namespace", in}};
    const value binding{
        {"roleRef", {{"apiGroup", rbac}, {"kind", "ClusterRole"}, {"name", role}}},
        {"subjects", value::list_type{subject}}
    };
    auto& store = kubernetes_->store();
    (void)store.create(accounts, {in, name}, value::map(), {});
    (void)store.create(wide ? everywhere : here, {wide ? "" : in, role + "-" + name}, binding, {});
}

/// What the people of the demo may do. Source: Gardener's roles of projects and of its dashboard.
void up_application::add_roles() {
    const kube_type roles{
        .group      = "rbac.authorization.k8s.io",
        .kind       = "ClusterRole",
        .plural     = "clusterroles",
        .namespaced = false
    };
    const auto add = [&](const char* name, const char* rules) {
        const auto read = parse_json(rules);
        (void)kubernetes_->store().create(roles, {{}, name}, {{"rules", *read}}, {});
    };
    add("project-member",
        R"([{"apiGroups":["core.gardener.cloud"],"resources":["shoots"],"verbs":["get","list","update"]}])"
    );
    add("operator", R"([{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}])");
}

void up_application::add_shoots() {
    auto&           store = kubernetes_->store();
    const kube_type profiles{
        .group      = "falco.gardener.cloud",
        .version    = "v1alpha1",
        .kind       = "FalcoProfile",
        .plural     = "falcoprofiles",
        .namespaced = false
    };
    const auto profile = parse_yaml(sandbox::demo_file("examples/profile.yaml"));
    const auto shoot   = parse_yaml(sandbox::demo_file("examples/shoot.yaml"));
    (void)store.create(profiles, {}, *profile, {});
    (void)store.create(namespaces_type, {{}, "garden"}, value::map(), {});
    add_roles();
    add_account("garden", "operator", "operator");
    add_project("demo");
    // The first one is the example, the others are like it.
    if (opt_.shoots > 0) (void)store.create(shoots_type, {"garden-demo", {}}, *shoot, {});
    for (std::size_t i = 1; i < opt_.shoots; ++i) {
        const auto is    = *sandbox::demo_cluster(i).shoot();
        const auto space = "garden-" + is.project;
        add_project(is.project);
        auto one                     = *shoot;
        one["metadata"]["name"]      = is.name;
        one["metadata"]["namespace"] = space;
        (void)store.create(shoots_type, {space, is.name}, std::move(one), {});
    }
}

std::string up_application::delivered(
    const cluster_identity& who, const std::string& name, const std::string& key
) const {
    const auto found = of_cluster_.find(who.text);
    if (found == of_cluster_.end()) return {};
    const kube_type secrets{.kind = "Secret", .plural = "secrets"};
    const auto      secret = kubernetes_->shoot(found->second).get(secrets, {"kube-system", name});
    if (!secret) return {};
    auto text = decode_base64(secret->text_at({"data", key}));
    return text ? std::move(*text) : std::string{};
}

/// Of the very objects that were delivered into its cluster; empty: none, or no such destination.
std::string up_application::token_of(const cluster_identity& who) const {
    const auto config = parse_yaml(delivered(who, "falcosidekick", "config.yaml"));
    if (!config) return {};
    constexpr std::string_view bearer = "Bearer ";
    const auto said = config->text_at({"webhook", "customheaders", "Authorization"});
    return said.starts_with(bearer) ? std::string(said.substr(bearer.size())) : std::string{};
}

secret up_application::heartbeat_key_of(const cluster_identity& who) const {
    return secret{delivered(who, "falco-heartbeat", "key")};
}

/// Whoever has been delivered to takes part.
task<void> up_application::gather() {
    const auto clock = time_.make_bell();
    for (;;) {
        std::vector<std::string> all;
        for (const auto& [identity, technical_id] : of_cluster_) all.push_back(identity);
        for (const auto& each : all)
            if (!token_of({each}).empty()) fleet_->join({each});
        co_await clock->wait_until(time_.now() + 1s);
    }
}

}  // namespace falconer::app

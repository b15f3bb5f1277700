// Our own detections: each tells the event that it is meant for, and is quiet about what is normal.
#include "condition_truth.hpp"
#include "falconer/falco/rule_files.hpp"
#include "falconer/falco/rule_lint.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace falconer::falco {
namespace {

namespace fs = std::filesystem;
using ::falconer::testing::yaml;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string file_text(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

seen_event joined(seen_event first, const seen_event& more) {
    for (const auto& [field, is] : more) first[field] = is;
    return first;
}

// --- events -------------------------------------------------------------------------------------

seen_event on_node(const std::string& program) {
    return {
        {"container.id", "host"},
        {"proc.exepath", program},
        {"proc.name", fs::path(program).filename().string().substr(0, 15)},
        {"proc.tty", "0"},
        {"proc.is_exe_upper_layer", "false"},
        {"proc.cmdline", fs::path(program).filename().string()},
        {"proc.args", ""},
    };
}

seen_event in_pod(const std::string& ns, const std::string& pod, const std::string& program) {
    return joined(
        on_node(program), {{"container.id", "3ad7b26ded6d"},
                           {"container.name", pod.substr(0, pod.rfind('-'))},
                           {"container.image.repository", "registry.example.com/" + pod},
                           {"k8s.ns.name", ns},
                           {"k8s.pod.name", pod}}
    );
}

seen_event opens(seen_event who, const std::string& file, bool to_write) {
    return joined(
        std::move(who), {{"evt.type", "openat"},
                         {"evt.is_open_read", to_write ? "false" : "true"},
                         {"evt.is_open_write", to_write ? "true" : "false"},
                         {"fd.typechar", "f"},
                         {"fd.num", "7"},
                         {"fd.name", file}}
    );
}
seen_event reads(seen_event who, const std::string& file) {
    return opens(std::move(who), file, false);
}
seen_event writes(seen_event who, const std::string& file) {
    return opens(std::move(who), file, true);
}
seen_event moves(seen_event who, const std::string& to) {
    return joined(
        std::move(who), {{"evt.type", "renameat2"}, {"evt.rawres", "0"}, {"fs.path.target", to}}
    );
}
seen_event starts(seen_event who, const seen_event& more = {}) {
    return joined(joined(std::move(who), {{"evt.type", "execve"}, {"evt.rawres", "0"}}), more);
}
seen_event connects(seen_event who, const std::string& address, const std::string& port) {
    return joined(
        std::move(who), {{"evt.type", "connect"},
                         {"evt.res", "EINPROGRESS"},
                         {"evt.rawres", "-115"},
                         {"fd.typechar", "4"},
                         {"fd.sip", address},
                         {"fd.sport", port},
                         {"fd.name", "10.0.0.1:4711->" + address + ':' + port}}
    );
}
/// As Falco up to 0.41 shows the same call before it is made.
seen_event begun(seen_event is) {
    is.erase("evt.res");
    is.erase("evt.rawres");
    return is;
}

constexpr auto shoot = "shoot--demo--first";
constexpr auto token =
    "/var/lib/kubelet/pods/6f0d/volumes/kubernetes.io~projected/kube-api-access-x7k2/token";
const seen_event foreign{{"proc.is_exe_upper_layer", "true"}};

struct case_of {
    std::string rule{};  // empty: none may tell it
    seen_event  event{};
};

std::vector<case_of> attacks() {
    const auto intruder  = in_pod("default", "web-5f6d", "/usr/bin/cat");
    const auto apiserver = in_pod(shoot, "kube-apiserver-5f6d", "/tmp/cat");
    return {
        {"Gardener node file changed",
         writes(on_node("/usr/bin/vim"), "/etc/systemd/system/gardener-node-agent.service")},
        {"Gardener node file changed",
         writes(in_pod("default", "x-1", "/bin/sh"), "/host/opt/bin/gardener-node-agent")},
        {"Gardener node file changed", moves(on_node("/usr/bin/mv"), "/opt/bin/kubelet")},
        {"Gardener node file changed",
         writes(on_node("/usr/bin/sed"), "/var/lib/kubelet/config/kubelet")},
        {"Gardener node credentials read",
         reads(on_node("/usr/bin/cat"), "/var/lib/gardener-node-agent/credentials/token")},
        {"Gardener node credentials read",
         reads(intruder, "/host/var/lib/kubelet/pki/kubelet-client-current.pem")},
        {"Gardener node credentials read",
         reads(on_node("/usr/bin/kubectl"), "/var/lib/kubelet/kubeconfig-real")},
        {"Gardener node credentials read",
         reads(on_node("/usr/bin/cat"), "/var/lib/cloud/instances/i-1/user-data.txt")},
        {"Service account token read outside its pod", reads(on_node("/usr/bin/cat"), token)},
        {"Service account token read outside its pod", reads(intruder, std::string("/host") + token)
        },
        {"Service account token read by a foreign program",
         reads(joined(intruder, foreign), "/var/run/secrets/kubernetes.io/serviceaccount/token")},
        {"Foreign program started in a Gardener pod",
         starts(in_pod("kube-system", "coredns-1", "/tmp/xmrig"), foreign)},
        {"Foreign program started in a Gardener pod",
         starts(in_pod("extension-provider-x", "gardener-extension-provider-x-1", "/x"), foreign)},
        {"Shell in a control plane pod", starts(in_pod(shoot, "kube-apiserver-1", "/bin/sh"))},
        {"Shell in a control plane pod",
         starts(in_pod(shoot, "etcd-main-0", "/bin/bash"), {{"proc.tty", "34816"}})},
        {"Shell in a control plane pod",
         starts(in_pod("garden", "gardener-apiserver-1", "/busybox/sh"))},
        {"Control plane key read", reads(apiserver, "/srv/kubernetes/ca/ca.key")},
        {"Control plane key read",
         reads(
             in_pod("garden", "virtual-garden-kube-apiserver-1", "/bin/cat"),
             "/srv/kubernetes/service-account-key/id_rsa"
         )},
        {"Etcd data read",
         reads(in_pod(shoot, "etcd-main-0", "/bin/tar"), "/var/etcd/data/new.etcd/member/snap/db")},
        {"Etcd asked by a stranger",
         connects(in_pod(shoot, "vali-0", "/usr/bin/etcdctl"), "10.1.2.3", "2379")},
        {"Container runtime asked by a pod",
         joined(
             intruder, {{"evt.type", "connect"},
                        {"evt.rawres", "0"},
                        {"fd.typechar", "u"},
                        {"fd.name", "ffff9->ffff8 /run/containerd/containerd.sock"}}
         )},
        {"Node entered from a pod", starts(
                                        in_pod("kube-system", "ops-pod", "/usr/bin/nsenter"),
                                        {{"proc.args", "-t 1 -m -u -i -n bash"}}
                                    )},
        {"Node entered from a pod",
         starts(in_pod("default", "x-1", "/usr/sbin/chroot"), {{"proc.args", "/host bash"}})},
        {"Machine metadata asked by a pod",
         connects(in_pod("default", "web-1", "/usr/bin/curl"), "169.254.169.254", "80")},
        {"Static pod written",
         writes(on_node("/usr/bin/tee"), "/etc/kubernetes/manifests/miner.yaml")},
        {"Static pod written",
         moves(in_pod("default", "x-1", "/usr/bin/mv"), "/host/etc/kubernetes/manifests/miner.yaml")
        },
    };
}

/// What looks like one of them and is everyday life.
std::vector<seen_event> everyday() {
    const auto agent   = on_node("/opt/bin/gardener-node-agent");
    const auto kubelet = on_node("/opt/bin/kubelet");
    return {
        writes(agent, "/etc/systemd/system/gardener-node-agent.service"),
        writes(agent, "/var/lib/gardener-node-agent/last-applied-osc.yaml"),
        moves(agent, "/opt/bin/kubelet"),
        reads(agent, "/var/lib/gardener-node-agent/credentials/token"),
        reads(on_node("/usr/bin/cat"), "/etc/systemd/system/kubelet.service"),
        reads(kubelet, "/var/lib/kubelet/pki/kubelet-client-current.pem"),
        reads(kubelet, "/var/lib/kubelet/kubeconfig-real"),
        reads(kubelet, token),
        writes(kubelet, token),
        writes(kubelet, "/var/lib/kubelet/pki/kubelet-client-current.pem"),
        reads(
            joined(
                on_node("/usr/bin/python3.11"),
                {{"proc.cmdline", "python3 /usr/bin/cloud-init init"}}
            ),
            "/var/lib/cloud/instance/user-data.txt"
        ),
        reads(
            in_pod("default", "web-1", "/app/server"),
            "/var/run/secrets/kubernetes.io/serviceaccount/token"
        ),
        starts(
            in_pod("default", "web-1", "/tmp/downloaded"), foreign
        ),  // Falco's own rules tell it
        starts(in_pod("kube-system", "coredns-1", "/coredns")),
        starts(in_pod("kube-system", "node-local-dns-1", "/bin/sh")),
        starts(in_pod(shoot, "etcd-main-0", "/bin/sh")),  // a probe
        starts(joined(
            in_pod(shoot, "kube-apiserver-1", "/bin/sh"), {{"container.name", "vpn-client-0"}}
        )),
        starts(on_node("/bin/bash"), {{"proc.tty", "34816"}}),
        reads(
            in_pod(shoot, "kube-apiserver-1", "/usr/local/bin/kube-apiserver"),
            "/srv/kubernetes/ca/ca.crt"
        ),
        reads(
            in_pod(shoot, "kube-controller-manager-1", "/usr/local/bin/kube-controller-manager"),
            "/srv/kubernetes/ca/ca.key"
        ),
        reads(
            in_pod(shoot, "etcd-main-0", "/usr/local/bin/etcdbrctl"),
            "/var/etcd/data/new.etcd/member/snap/db"
        ),
        connects(in_pod(shoot, "kube-apiserver-1", "/kube-apiserver"), "10.1.2.3", "2379"),
        connects(in_pod(shoot, "etcd-main-1", "/usr/local/bin/etcd"), "10.1.2.3", "2380"),
        connects(in_pod(shoot, "prometheus-shoot-0", "/bin/prometheus"), "10.1.2.3", "2379"),
        connects(in_pod("default", "my-app-1", "/app"), "10.1.2.3", "2379"),  // an etcd of theirs
        joined(
            in_pod("kube-system", "falco-x2", "/usr/bin/falco"),
            {{"evt.type", "connect"},
             {"evt.rawres", "0"},
             {"fd.typechar", "u"},
             {"fd.name", "ffff9->ffff8 /run/containerd/containerd.sock"}}
        ),
        joined(
            on_node("/opt/bin/kubelet"), {{"evt.type", "connect"},
                                          {"evt.rawres", "0"},
                                          {"fd.typechar", "u"},
                                          {"fd.name", "f9->f8 /run/containerd/containerd.sock"}}
        ),
        starts(in_pod("default", "x-1", "/usr/sbin/chroot"), {{"proc.args", "/var/empty sshd"}}),
        starts(
            in_pod("kube-system", "csi-1", "/usr/bin/nsenter"), {{"proc.args", "-t 4711 -n ip a"}}
        ),
        connects(
            in_pod("kube-system", "csi-driver-node-1", "/bin/driver"), "169.254.169.254", "80"
        ),
        connects(on_node("/usr/bin/cloud-init"), "169.254.169.254", "80"),
        // Google's resolver is there, and CoreDNS asks it.
        connects(in_pod("kube-system", "coredns-1", "/coredns"), "169.254.169.254", "53"),
        // Who says so is the shell that is about to become something else.
        begun(starts(in_pod(shoot, "etcd-main-0", "/bin/bash"), {{"proc.tty", "34816"}})),
        begun(starts(
            in_pod("kube-system", "ops-pod", "/usr/bin/nsenter"), {{"proc.args", "-t 1 -m bash"}}
        )),
        begun(connects(in_pod("default", "web-1", "/usr/bin/curl"), "169.254.169.254", "80")),
        begun(connects(in_pod(shoot, "vali-0", "/usr/bin/etcdctl"), "10.1.2.3", "2379")),
        begun(moves(on_node("/usr/bin/mv"), "/opt/bin/kubelet")),
        writes(on_node("/opt/bin/gardenadm"), "/etc/kubernetes/manifests/kube-apiserver.yaml"),
        // The heartbeat, which comes behind them.
        starts(
            in_pod("kube-system", "falco-x2", "/usr/bin/falconer"),
            {{"proc.args", "agent beat 2026-12-01"}}
        ),
    };
}

TEST(DetectionsTest, EachTellsTheEventsThatItIsMeantFor) {
    const auto       file = yaml(detections().text);
    const told_rules all(file);
    for (const auto& [rule, event] : attacks())
        EXPECT_EQ(all.tells(event), rule) << ::testing::PrintToString(event);
}

TEST(DetectionsTest, NoneTellsWhatIsEverydayLife) {
    const auto       file = yaml(detections().text);
    const told_rules all(file);
    for (const auto& event : everyday())
        EXPECT_EQ(all.tells(event), "") << ::testing::PrintToString(event);
}

TEST(DetectionsTest, EachHasItsReasonItsTagsAnEventAndAParagraph) {
    // Source: https://attack.mitre.org/tactics/enterprise/, as Falco's own rules spell them.
    const std::set<std::string> tactics{"mitre_collection",        "mitre_command_and_control",
                                        "mitre_credential_access", "mitre_execution",
                                        "mitre_lateral_movement",  "mitre_persistence",
                                        "mitre_initial_access",    "mitre_privilege_escalation",
                                        "mitre_defense_evasion",   "mitre_discovery",
                                        "mitre_exfiltration",      "mitre_impact"};
    std::set<std::string>       meant;
    for (const auto& each : attacks()) meant.insert(each.rule);
    const auto            page = file_text("docs/detections.md");
    const auto            file = yaml(detections().text);
    std::set<std::string> names;
    for (const auto& rule : file.items()) {
        const std::string name(rule.text_at({"rule"}));
        if (name.empty()) continue;
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_GT(rule.text_at({"desc"}).size(), 80u) << name;
        EXPECT_THAT(meant, Contains(name));
        EXPECT_THAT(page, HasSubstr("| " + name + " |"));
        std::vector<std::string> tags;
        for (const auto& tag : rule.find("tags")->items()) tags.push_back(*tag.text());
        EXPECT_THAT(tags, Contains("gardener")) << name;
        EXPECT_EQ(std::ranges::count_if(tags, [&](auto& tag) { return tactics.contains(tag); }), 1)
            << name;
        EXPECT_EQ(
            std::ranges::count_if(
                tags, [](auto& tag) { return tag.starts_with("T1") && tag.size() >= 5; }
            ),
            1
        ) << name;
        for (const char* field : {"%proc.cmdline", "%proc.exepath", "%k8s.pod.name"})
            EXPECT_THAT(std::string(rule.text_at({"output"})), HasSubstr(field)) << name;
        // Whoever has a reason needs a place for it.
        ASSERT_NE(rule.find("exceptions"), nullptr) << name;
        EXPECT_THAT(
            std::string(rule.find("exceptions")->items()[0].text_at({"name"})), StartsWith("known_")
        ) << name;
    }
    EXPECT_EQ(names, meant);
}

/// Nothing of it means something else in front of somebody else's files, or changes them.
TEST(DetectionsTest, WhatTheyDefineIsCalledAsNobodyElsesIs) {
    const auto file = yaml(detections().text);
    for (const auto& entry : file.items())
        for (const char* kind : {"macro", "list"}) {
            if (entry.find(kind) == nullptr) continue;
            EXPECT_THAT(std::string(entry.text_at({kind})), StartsWith("gardener_"));
        }
    EXPECT_TRUE(is_standard_rule_file(detections_file));
    EXPECT_THAT(exceptions_for({detections()}), IsEmpty());
}

TEST(DetectionsTest, EveryFalcoAcceptsThemAloneAndBeforeItsOwn) {
    for (const auto& [folder, falco] : std::vector<std::pair<std::string, std::string>>{
             {"3.2.0", "0.40.0"},
             {"4.0.0", "0.41.3"},
             {"5.0.0", "0.42.1"},
             {"5.0.0", "0.43.0"},
             {"5.1.0", "0.44.1"}
         }) {
        const lint_options how{.falco_version = falco, .complete = true};
        EXPECT_THAT(lint_rules(std::array{detections()}, 0, how), IsEmpty()) << falco;
        for (const auto& root : {fs::path("../shared/data/rules"), fs::path("config/rules/demo")}) {
            std::vector<rule_file> files{detections()};
            for (const char* name :
                 {"falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"})
                if (fs::exists(root / folder / name))
                    files.push_back({name, file_text(root / folder / name)});
            files.push_back({exceptions_file, exceptions_for(files)});
            EXPECT_THAT(lint_rules(files, files.size(), how), IsEmpty()) << falco;
        }
    }
}

TEST(DetectionsTest, TheirListsMacrosAndExceptionsCanBeExtended) {
    const rule_file mine{"mine.yaml", R"(
- list: gardener_runtime_clients
  items: [my-scanner]
  override: {items: append}
- macro: gardener_metadata_client
  condition: or k8s.ns.name = my-cloud-tools
  override: {condition: append}
- rule: Node entered from a pod
  exceptions:
  - name: known_containers
    values:
    - [ops, registry.example.com/toolbelt]
  override: {exceptions: append}
)"};
    EXPECT_THAT(lint_rules(std::array{detections(), mine}, 1, {.complete = true}), IsEmpty());
}

}  // namespace
}  // namespace falconer::falco

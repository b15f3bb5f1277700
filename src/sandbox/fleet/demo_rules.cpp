#include "demo_rules.hpp"

#include <numeric>

namespace falconer::sandbox {
namespace {

// Text that needs escaping in JSON stays out: the generator writes it as it is.
constexpr demo_rule rules[] = {
    {30, "Notice", "Shell attached to a container",
     "Somebody opened a shell in a running container",
     R"(["T1059","container","maturity_stable","mitre_execution","shell"])", "execve", "bash",
     "bash -i", "/usr/bin/bash", "containerd-shim", "", "root", 0},
    {24, "Notice", "API server contacted from a container",
     "A workload talked to the Kubernetes API unexpectedly",
     R"(["T1565","container","k8s","maturity_stable","mitre_discovery","network"])", "connect",
     "curl", "curl -sk https://192.0.2.1:443/api/v1/secrets", "/usr/bin/curl", "sh",
     "192.0.2.87:41532->192.0.2.1:443", "app", 1000},
    {18, "Warning", "Sensitive file read by an unknown program",
     "A program outside the list read a sensitive file",
     R"(["T1555","container","filesystem","host","maturity_stable","mitre_credential_access"])",
     "openat", "cat", "cat /etc/shadow", "/usr/bin/cat", "sh", "/etc/shadow", "root", 0},
    {12, "Informational", "Package manager run in a container",
     "Software was installed while the container ran",
     R"(["T1505","container","maturity_incubating","mitre_persistence","process","software_mgmt"])",
     "execve", "apk", "apk add --no-cache socat", "/sbin/apk", "sh", "", "root", 0},
    {10, "Warning", "Log file cleared", "Somebody emptied a log file",
     R"(["T1070","container","filesystem","host","maturity_stable","mitre_defense_evasion"])",
     "openat", "truncate", "truncate -s 0 /var/log/nginx/access.log", "/usr/bin/truncate", "bash",
     "/var/log/nginx/access.log", "root", 0},
    {8, "Critical", "New program run from a writable layer",
     "A program that the image does not hold was started",
     R"(["TA0003","container","maturity_stable","mitre_persistence","process"])", "execve",
     "kinsing", "/tmp/.cache/kinsing --threads 4", "/tmp/.cache/kinsing", "bash", "", "nobody",
     65534},
    {8, "Notice", "Standard streams redirected to a socket",
     "A shell's input and output went to the network",
     R"(["T1059","container","maturity_stable","mitre_execution","network","process"])", "dup2",
     "sh", "sh -i", "/bin/sh", "python3", "192.0.2.87:50122->198.51.100.23:4444", "www-data", 33},
    {7, "Error", "Write below a system directory", "A file below /etc was opened for writing",
     R"(["T1098","container","filesystem","host","maturity_sandbox","mitre_persistence"])",
     "openat", "tee", "tee -a /etc/cron.d/backup", "/usr/bin/tee", "bash", "/etc/cron.d/backup",
     "root", 0},
    {6, "Warning", "Connection to a mining pool",
     "A workload reached the port of a known mining pool",
     R"(["T1496","container","maturity_sandbox","mitre_impact","network"])", "connect", "xmrig",
     "xmrig -o pool.example.org:3333 -u wallet", "/opt/xmrig", "sh",
     "192.0.2.87:38820->203.0.113.9:3333", "app", 1000},
    {6, "Notice", "Privileged container started", "A container with all privileges was started",
     R"(["T1610","container","cis","maturity_incubating","mitre_execution"])", "container", "runc",
     "runc init", "/usr/sbin/runc", "containerd-shim", "", "root", 0},
    {5, "Warning", "Key material searched for", "find or grep looked for private keys",
     R"(["T1552.001","container","filesystem","maturity_stable","mitre_credential_access","process"])",
     "execve", "find", "find / -name id_rsa -o -name id_ed25519", "/usr/bin/find", "bash", "",
     "deploy", 1001},
    {4, "Error", "Kernel module inserted", "A module was loaded from within a container",
     R"(["TA0003","container","host","maturity_incubating","mitre_persistence"])", "finit_module",
     "insmod", "insmod /tmp/probe.ko", "/usr/sbin/insmod", "sh", "/tmp/probe.ko", "root", 0},
    {3, "Critical", "Escape through the release agent", "A cgroup's release agent was rewritten",
     R"(["T1611","container","maturity_stable","mitre_privilege_escalation","process"])", "openat",
     "sh", "sh -c tee /tmp/cg/release_agent", "/bin/sh", "bash", "/tmp/cg/release_agent", "root",
     0},
    {2, "Alert", "Namespace of the host entered",
     "A container's process changed into a namespace of the host",
     R"(["T1611","container","maturity_sandbox","mitre_privilege_escalation"])", "setns", "nsenter",
     "nsenter -t 1 -m -u -i -n sh", "/usr/bin/nsenter", "sh", "", "root", 0},
    {1, "Emergency", "Disk of a node overwritten", "A block device was opened for writing",
     R"(["T1561","container","host","maturity_sandbox","mitre_impact"])", "openat", "dd",
     "dd if=/dev/zero of=/dev/sda bs=1M", "/usr/bin/dd", "bash", "/dev/sda", "root", 0},
    {10, "Informational", "Detect Falco Heartbeat", "Falco heartbeat",
     R"(["falco-heartbeat","test"])", "execve", "falconer", "falconer agent beat",
     "/usr/bin/falconer", "falconer", "", "nonroot", 65532},
};

}  // namespace

std::span<const demo_rule> demo_rules() noexcept {
    return rules;
}

std::uint32_t demo_weight() noexcept {
    static const auto all = std::accumulate(
        std::begin(rules), std::end(rules), 0U,
        [](std::uint32_t sum, const demo_rule& r) { return sum + r.weight; }
    );
    return all;
}

}  // namespace falconer::sandbox

// Where an API server is and who we are to it: kubeconfigs, and what a pod is given.
#pragma once

#include "falconer/log.hpp"
#include "falconer/net/http_client.hpp"
#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace falconer::k8s {

/// How to reach and to convince one API server.
struct kube_access {
    net::http_place       place{};
    std::string           path{};                // before every path: "" or "/k8s/clusters/x"
    std::string           ca{};                  // PEM, or its file; empty: what the system trusts
    std::string           server_name{};         // whom its certificate names; empty: the host
    bool                  anybody = false;       // its certificate is not looked at
    std::string           certificate{}, key{};  // PEM, or their files
    secret                token{};
    std::filesystem::path token_file{};      // read again: it changes
    std::string           namespace_name{};  // of the context, or of our pod
};

/// Without the white space around it, as a file may have it. Source: client-go,
/// transport/token_source.go.
std::string trimmed_token(std::string_view text);
/// Whether it can be sent: not empty, and nothing in it that ends a header's line or splits it.
bool is_token(std::string_view text) noexcept;

/// The current context of a kubeconfig. Relative files are beside `folder`.
/// Errors: malformed, with a sentence; for exec and auth-provider plugins, user names with
/// passwords and proxies, too: they are refused. Source: kubernetes.io,
/// "kubeconfig (v1)".
result<kube_access> read_kubeconfig(const value& config, const std::filesystem::path& folder);
result<kube_access> read_kubeconfig_file(const std::filesystem::path& file);

/// What kubelet gives a pod. Errors: not_found, outside of a pod. Source: kubernetes.io, "Accessing
/// the Kubernetes API from a Pod".
result<kube_access> in_cluster_access(
    const std::filesystem::path& folder = "/var/run/secrets/kubernetes.io/serviceaccount"
);

}  // namespace falconer::k8s

#include "shoot_clients.hpp"

#include "falconer/base64.hpp"

#include <utility>

namespace falconer::k8s {
namespace {

const kube_type secrets{.kind = "Secret", .plural = "secrets"};

/// Of a Secret's data. What it names must be in it: files of ours are nobody's business. Only its
/// token says who we are: client certificates are not for the API servers of shoots (Gardener,
/// docs/extensions/ca-rotation.md).
result<kube_access> access_in(const value& secret) {
    const auto text = decode_base64(secret.text_at({"data", "kubeconfig"}));
    if (!text || text->empty()) return failure{errc::malformed, "it holds no kubeconfig"};
    const auto config = parse_yaml(*text);
    if (!config) return failure{errc::malformed, "its kubeconfig is no YAML"};
    auto access = read_kubeconfig(*config, {});
    if (!access) return access;
    const auto is_file = [](const std::string& pem) {
        return !pem.empty() && !pem.starts_with("-----BEGIN");
    };
    if (!access->token_file.empty() || is_file(access->ca) || is_file(access->certificate) ||
        is_file(access->key))
        return failure{errc::malformed, "its kubeconfig names a file"};
    if (access->anybody)
        return failure{errc::malformed, "its kubeconfig would have anybody believed"};
    if (access->token.empty()) return failure{errc::malformed, "its kubeconfig holds no token"};
    access->certificate.clear();
    access->key.clear();
    return access;
}

}  // namespace

task<result<value>> shoot_clients::credentials_of(const std::string& control_plane) {
    if (!opt_.external) {
        kube_key within{control_plane, "gardener-internal"};
        auto     found = co_await seed_.get(secrets, std::move(within));
        if (found || found.error().code != errc::not_found) co_return found;
    }
    kube_key outside{control_plane, "gardener"};
    auto     found = co_await seed_.get(secrets, std::move(outside));
    co_return found;
}

task<result<std::shared_ptr<kube_api>>> shoot_clients::api_of(std::string control_plane) {
    auto secret = co_await credentials_of(control_plane);
    if (!secret) co_return std::move(secret).error();
    auto access = access_in(*secret);
    if (!access)
        co_return std::move(access).error().while_doing("Secret " + key_of(*secret).text());
    auto made = make_kube_client(loop_, time_, std::move(*access), opt_.client);
    if (!made) co_return std::move(made).error().while_doing("Secret " + key_of(*secret).text());
    co_return std::shared_ptr<kube_api>(std::move(*made));
}

}  // namespace falconer::k8s

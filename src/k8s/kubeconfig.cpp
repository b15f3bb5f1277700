#include "kubeconfig.hpp"

#include "falconer/base64.hpp"
#include "falconer/read_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

namespace falconer::k8s {
namespace {

failure bad(const std::string& why) {
    return {errc::malformed, why};
}

/// The entry of that name in a list of `{name, <what>}`.
const value* find_named(const value& config, std::string_view list, std::string_view name) {
    const auto* all = config.find(list);
    if (all == nullptr) return nullptr;
    for (const auto& each : all->items())
        if (each.text_at({"name"}) == name) return &each;
    return nullptr;
}

/// What is no text would be taken for what is not there: `token: 17`.
result<void> must_be_texts(const value& of, std::initializer_list<std::string_view> keys) {
    for (const auto key : keys)
        if (const auto* const is = of.find(key); is != nullptr && !is->is_null() && !is->is_text())
            return bad(std::string(key) + ": expected a text, found " + described(*is));
    return {};
}

/// "x-data" holds it in base64, "x" names its file.
result<std::string> pem_of(
    const value& from, const std::string& key, const std::filesystem::path& folder
) {
    const auto data = from.text_at({key + "-data"});
    if (!data.empty()) {
        auto text = decode_base64(data);
        if (!text || !text->starts_with("-----BEGIN"))
            return bad(key + "-data is no PEM in base64");
        return text;
    }
    const auto file = from.text_at({key});
    if (file.empty()) return std::string();
    return (folder / file).string();
}

/// The server's URL may have a path; our client wants them apart.
result<void> read_server(std::string_view url, kube_access& into) {
    const auto scheme = url.find("://");
    const auto path   = scheme == url.npos ? url.npos : url.find('/', scheme + 3);
    auto       place  = net::parse_place(url.substr(0, path));
    if (!place) return bad("the cluster's server: " + place.error().detail);
    into.place = std::move(*place);
    if (path != url.npos) into.path = url.substr(path);
    while (into.path.ends_with('/')) into.path.pop_back();
    return {};
}

result<void> read_user(const value& user, const std::filesystem::path& folder, kube_access& into) {
    for (const char* plugin : {"exec", "auth-provider"})
        if (user.find(plugin) != nullptr)
            return bad(
                std::string("the user has ") + plugin +
                ", which would run a program; give a token, a "
                "tokenFile or a client certificate instead"
            );
    if (user.find("username") != nullptr || user.find("password") != nullptr)
        return bad("the user has a password, which Kubernetes takes no longer");
    if (auto good = must_be_texts(
            user, {"token", "tokenFile", "client-certificate", "client-certificate-data",
                   "client-key", "client-key-data"}
        );
        !good)
        return good;
    const auto token = user.text_at({"token"});
    if (!token.empty() && !is_token(token))
        return bad("the user's token has blanks or line breaks in it, which no token has");
    into.token = secret(std::string(token));
    if (const auto file = user.text_at({"tokenFile"}); !file.empty())
        into.token_file = folder / file;
    auto certificate = pem_of(user, "client-certificate", folder);
    if (!certificate) return std::move(certificate).error();
    auto key = pem_of(user, "client-key", folder);
    if (!key) return std::move(key).error();
    if (certificate->empty() != key->empty())
        return bad("client-certificate and client-key belong together");
    into.certificate = std::move(*certificate);
    into.key         = std::move(*key);
    return {};
}

/// Whom to believe that it is the cluster.
result<void> read_trust(
    const value& cluster, const std::filesystem::path& folder, kube_access& into
) {
    if (!cluster.text_at({"proxy-url"}).empty())
        return bad("the cluster has a proxy-url; proxies are not used: give the server's own URL");
    auto ca = pem_of(cluster, "certificate-authority", folder);
    if (!ca) return std::move(ca).error();
    into.ca          = std::move(*ca);
    into.server_name = cluster.text_at({"tls-server-name"});
    if (const auto* insecure = cluster.find("insecure-skip-tls-verify")) {
        const auto is = insecure->boolean();
        if (!is) return bad("insecure-skip-tls-verify is neither true nor false");
        into.anybody = *is;
    }
    if (into.anybody && !into.ca.empty())
        return bad("insecure-skip-tls-verify and a certificate-authority exclude each other");
    return {};
}

result<std::string> read_whole(const std::filesystem::path& file) {
    auto text = read_file(file);
    if (text) return text;
    return failure{text.error().code, file.string() + " cannot be read: " + text.error().detail};
}

}  // namespace

std::string trimmed_token(std::string_view text) {
    constexpr std::string_view white = " \t\r\n";
    const auto                 first = text.find_first_not_of(white);
    if (first == text.npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(white) - first + 1));
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
    });
}

result<kube_access> read_kubeconfig(const value& config, const std::filesystem::path& folder) {
    if (!config.is_map()) return bad("expected a mapping, found " + described(config));
    const auto  name    = config.text_at({"current-context"});
    const auto* context = find_named(config, "contexts", name);
    if (context == nullptr)
        return bad(
            name.empty() ? "it has no current-context"
                         : "there is no context " + described(value(name))
        );
    const auto  cluster_name = context->text_at({"context", "cluster"});
    const auto  user_name    = context->text_at({"context", "user"});
    const auto* cluster      = find_named(config, "clusters", cluster_name);
    const auto* user         = find_named(config, "users", user_name);
    if (cluster == nullptr || cluster->find("cluster") == nullptr)
        return bad("there is no cluster " + described(value(cluster_name)));
    if (!user_name.empty() && user == nullptr)
        return bad("there is no user " + described(value(user_name)));

    kube_access access;
    access.namespace_name = context->text_at({"context", "namespace"});
    const auto& where     = *cluster->find("cluster");
    if (auto good = must_be_texts(
            where, {"server", "certificate-authority", "certificate-authority-data",
                    "tls-server-name", "proxy-url"}
        );
        !good)
        return std::move(good).error();
    if (auto read = read_server(where.text_at({"server"}), access); !read)
        return std::move(read).error();
    if (auto read = read_trust(where, folder, access); !read) return std::move(read).error();
    if (user != nullptr)
        if (const auto* who = user->find("user"); who != nullptr && !who->is_null()) {
            if (!who->is_map())
                return bad(
                    "user " + std::string(user_name) + ": expected a mapping, found " +
                    described(*who)
                );
            if (auto read = read_user(*who, folder, access); !read) return std::move(read).error();
        }
    return access;
}

result<kube_access> read_kubeconfig_file(const std::filesystem::path& file) {
    const auto named = "kubeconfig " + file.string();
    auto       text  = read_whole(file);
    if (!text) return std::move(text).error();
    auto config = parse_yaml(*text);
    if (!config) return std::move(config).error().while_doing(named);
    auto access = read_kubeconfig(*config, file.parent_path());
    if (!access) return std::move(access).error().while_doing(named);
    return access;
}

result<kube_access> in_cluster_access(const std::filesystem::path& folder) {
    const char* const host = std::getenv("KUBERNETES_SERVICE_HOST");
    const char* const port = std::getenv("KUBERNETES_SERVICE_PORT");
    if (host == nullptr || port == nullptr)
        return failure{
            errc::not_found,
            "KUBERNETES_SERVICE_HOST and _PORT are not set: this is no pod, and no kubeconfig is "
            "given"
        };
    const std::string bare(host);
    const auto        where = bare.find(':') == bare.npos ? bare : '[' + bare + ']';
    kube_access       access;
    if (auto read = read_server("https://" + where + ':' + port, access); !read)
        return std::move(read).error();
    access.ca         = (folder / "ca.crt").string();
    access.token_file = folder / "token";
    if (auto mine = read_whole(folder / "namespace")) access.namespace_name = std::move(*mine);
    return access;
}

}  // namespace falconer::k8s

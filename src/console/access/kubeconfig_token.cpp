#include "kubeconfig_token.hpp"

#include "falconer/value.hpp"

#include <string>

namespace falconer::console {
namespace {

const value* named(const value& config, std::string_view list, std::string_view name) {
    const auto* all = config.find(list);
    if (all == nullptr) return nullptr;
    for (const auto& each : all->items())
        if (each.text_at({"name"}) == name) return &each;
    return nullptr;
}

failure no_use(std::string why) {
    return {errc::malformed, std::move(why)};
}

}  // namespace

result<secret> kubeconfig_token(std::string_view text) {
    const auto read = parse_yaml(text);
    if (!read) return no_use("This is no YAML: " + read.error().detail);
    const auto  current = read->text_at({"current-context"});
    const auto* context = named(*read, "contexts", current);
    if (current.empty() || context == nullptr)
        return no_use("This kubeconfig has no current context.");
    const auto* user = named(*read, "users", context->text_at({"context", "user"}));
    if (user == nullptr) return no_use("The current context of this kubeconfig has no user.");
    const auto token = user->text_at({"user", "token"});
    if (!token.empty()) return secret(std::string(token));
    if (user->find_path({"user", "exec"}) != nullptr)
        return no_use(
            "This kubeconfig gets its token from a program. Run it where you work, and paste the "
            "token that it prints (status.token)."
        );
    if (user->find_path({"user", "client-certificate-data"}) != nullptr ||
        user->find_path({"user", "client-certificate"}) != nullptr)
        return no_use(
            "This kubeconfig has a certificate and no token. With it, `kubectl create token` makes "
            "one for a service account."
        );
    return no_use("This kubeconfig has no token.");
}

}  // namespace falconer::console

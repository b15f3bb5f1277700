#include "credentials.hpp"

#include "falconer/base64.hpp"
#include "falconer/value.hpp"
#include "small_files.hpp"

#include <algorithm>
#include <utility>

namespace falconer::oci {
namespace {

/// "https://index.docker.io/v1/", "ghcr.io", "ghcr.io/falcosecurity".
std::pair<std::string, std::string> host_and_path(std::string_view key) {
    if (const auto scheme = key.find("://"); scheme != key.npos) key.remove_prefix(scheme + 3);
    const auto  slash = std::min(key.find('/'), key.size());
    std::string path(key.substr(std::min(slash + 1, key.size())));
    while (path.ends_with('/')) path.pop_back();
    if (path == "v1" || path == "v2") path.clear();  // of the API, not of a repository
    return {std::string(key.substr(0, slash)), std::move(path)};
}

result<login> read_login(const value& from) {
    const auto both = from.text_at({"auth"});
    if (both.empty())
        return login{
            .user     = std::string(from.text_at({"username"})),
            .password = secret(std::string(from.text_at({"password"})))
        };
    const auto plain = decode_base64(both);
    const auto colon = plain ? plain->find(':') : std::string::npos;
    if (colon == std::string::npos)
        return failure{errc::malformed, "auth is no user and password in base64"};
    return login{.user = plain->substr(0, colon), .password = secret(plain->substr(colon + 1))};
}

}  // namespace

result<credentials> credentials::parse(std::string_view json) {
    auto config = parse_json(json);
    if (!config) return std::move(config).error();
    const auto* auths = config->find("auths");
    if (auths == nullptr || !auths->is_map())
        return failure{errc::malformed, "it has no mapping auths, as a docker config.json has"};
    credentials got;
    for (const auto& [key, each, line] : auths->entries()) {
        auto who = read_login(each);
        if (!who) return std::move(who).error().while_doing("auths." + key);
        if (!each.text_at({"identitytoken"}).empty() || who->user.empty())
            return failure{
                errc::malformed, "auths." + key + ": a user and a password are needed there"
            };
        auto [host, path] = host_and_path(key);
        got.all_.push_back({std::move(host), std::move(path), std::move(*who)});
    }
    return got;
}

result<credentials> credentials::read(const std::filesystem::path& file) {
    auto text = read_small_file(file, 1 << 20);
    if (!text) return std::move(text).error();
    auto got = parse(*text);
    if (!got) return std::move(got).error().while_doing(file.string());
    return got;
}

const login* credentials::find(std::string_view host, std::string_view repository) const {
    const entry* best = nullptr;
    for (const auto& each : all_) {
        const bool fits =
            each.path.empty() || repository == each.path || repository.starts_with(each.path + '/');
        if (each.host != host || !fits) continue;
        if (best == nullptr || each.path.size() > best->path.size()) best = &each;
    }
    return best == nullptr ? nullptr : &best->who;
}

}  // namespace falconer::oci

// Who we are to registries, from the file that docker and Kubernetes keep that in.
#pragma once

#include "falconer/log.hpp"
#include "falconer/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::oci {

struct login {
    std::string user{};
    secret      password{};
};

/// `auths` of a docker config.json, or of a Secret of type kubernetes.io/dockerconfigjson. Programs
/// that it names (credHelpers, credsStore) are not run.
class credentials {
public:
    credentials() = default;
    /// Errors: malformed; an identity token, too, which is no password.
    static result<credentials> parse(std::string_view json);
    static result<credentials> read(const std::filesystem::path& file);

    /// For this host ("ghcr.io", "mirror:5000"); of several the one whose path says most of the
    /// repository. Null: there is none, one asks as nobody.
    const login* find(std::string_view host, std::string_view repository) const;

private:
    struct entry {
        std::string host{}, path{};
        login       who{};
    };
    std::vector<entry> all_{};
};

}  // namespace falconer::oci

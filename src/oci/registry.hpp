// Artifacts of an OCI registry. Source: OCI distribution specification 1.1, "Pull"; the
// distribution project's token authentication.
#pragma once

#include "artifact_source.hpp"
#include "challenge.hpp"
#include "credentials.hpp"
#include "falconer/net/http_client.hpp"
#include "url.hpp"

#include <map>
#include <string>

namespace falconer::oci {

/// Plain HTTP goes to this machine only, unless `allowed`.
enum class plain_http { loopback, allowed };

/// Lifetime : `http` outlives it.
/// Threading: the loop thread only; one request at a time.
class registry final : public artifact_source {
public:
    struct options {
        url         base{};  // "https://ghcr.io/falcosecurity/rules": what stands before artifacts
        plain_http  plain = plain_http::loopback;
        credentials logins{};
    };

    registry(net::http_client& http, options opt);

    task<result<served_document>> manifest(std::string artifact, std::string reference) override;
    task<result<std::string>>     blob(std::string artifact, descriptor which) override;
    std::string                   name_of(const std::string& artifact) const override;

private:
    std::string                      repository_of(const std::string& artifact) const;
    task<result<net::http_response>> get(std::string repository, std::string what);
    task<result<net::http_response>> ask(url where, std::string authorization);
    task<result<std::string>>        authorize(std::string repository, net::http_response refused);
    task<result<std::string>>        fetch_token(std::string repository, challenge what);
    /// What listens on this machine alone is asked only if the registry is there, too. Errors:
    /// denied.
    result<void> may_ask(const url& where) const;

    net::http_client&                  http_;
    options                            opt_;
    std::string                        prefix_;         // "falcosecurity/rules/"
    std::map<std::string, std::string> authorization_;  // by repository
};

}  // namespace falconer::oci

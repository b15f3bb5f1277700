// Signing in at somebody else's: OpenID Connect's code flow with PKCE.
#pragma once

#include "falconer/net/http_client.hpp"
#include "falconer/net/sealed_box.hpp"
#include "falconer/net/token_keys.hpp"
#include "falconer/time_source.hpp"
#include "web_address.hpp"

#include <chrono>
#include <deque>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace falconer::console {

/// What a flow must remember until the browser is back lies sealed in a cookie of it, so that any
/// replica can end what another one began. Each is ended once.
///
/// Source: OpenID Connect Core 1.0 §3.1, Discovery 1.0 §4; RFC 7636 (PKCE), RFC 9207 (`iss`).
/// Threading: the loop thread. Borrows time and web.
class oidc_sign_in {
public:
    struct options {
        std::string              issuer{};
        std::string              client{};
        std::filesystem::path    secret_file{};  // read at each flow's end; empty: a public client
        std::string              redirect{};     // our own address of the callback
        std::vector<std::string> scopes{"openid", "email", "groups"};
        std::string              title{"your account"};
        std::chrono::seconds     patience{600};  // of a flow
        std::chrono::seconds     keep{3600};     // what the issuer says of itself
        std::chrono::seconds     again{10};      // between two looks for a key that is new
    };
    oidc_sign_in(time_source& time, net::http_client& web, net::sealed_box box, options opt);

    const options& how() const { return opt_; }
    /// The cookies of a flow are for encrypted ways only.
    bool is_secure() const { return opt_.redirect.starts_with("https:"); }

    struct begun {
        std::string address{};  // where the browser goes
        std::string kept{};     // what it keeps for us
    };
    /// `to`: where in our page it goes in the end. Errors: of asking the issuer.
    task<result<begun>> begin(std::string to);

    struct ended {
        secret      token{};  // the ID token
        std::string to{};
    };
    /// `back`: what the browser was sent back with. Errors :
    ///          denied       not what was begun here, or a second time, or the issuer or we refused
    ///          unavailable, timed_out   the issuer does not answer as it should
    task<result<ended>> finish(form_fields back, std::string kept);

private:
    struct provider {
        web_address                  token{}, keys{};
        std::string                  authorize_url{};
        bool                         secret_in_form = false;
        std::vector<net::public_key> known{};  // keys
        steady_time                  looked{}, keys_looked{};
    };
    struct flow {
        std::string state{}, nonce{}, verifier{}, to{};
    };

    task<result<void>>        discover();
    task<result<void>>        read_keys();
    task<result<std::string>> fetch(web_address from);
    task<result<secret>>      exchange(std::string code, flow of);
    task<result<void>>        judge(secret token, flow of);
    result<flow>              flow_of(const form_fields& back, const std::string& kept);

    time_source&            time_;
    net::http_client&       web_;
    net::sealed_box         box_;
    options                 opt_;
    std::optional<provider> provider_{};
    std::set<std::string>   used_{};  // states
    /// … until nobody could show them any more; the one ended first is the first.
    std::deque<std::pair<std::string, utc_time>> used_until_{};
};

}  // namespace falconer::console

// The section `console` of the configuration, and who may sign in.
#pragma once

#include "console/access/oidc.hpp"
#include "console/sessions.hpp"
#include "console/user_limits.hpp"
#include "falconer/strict_yaml.hpp"
#include "net/http_server.hpp"
#include "net/tls_context.hpp"

#include <asio/ip/tcp.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace falconer::app {

/// Who says who people are and what they may see.
struct console_garden {
    bool                  asked = false;  // there is such a section
    std::filesystem::path kubeconfig{};   // empty: what a pod is given
    std::string           landscape{};    // whose projects its are; empty: of any
    std::chrono::seconds  keep{30};       // a decision
};

/// Where people sign in, if not with a token.
struct console_oidc {
    bool                           asked = false;  // there is such a section
    std::filesystem::path          ca{};
    console::oidc_sign_in::options how{};
};

struct console_configuration {
    asio::ip::tcp::endpoint                         listen{asio::ip::address_v6::any(), 8443};
    std::optional<net::tls_server_context::options> tls{};
    std::vector<std::string>                        hosts{};
    std::vector<std::string>                        frame_ancestors{};
    std::chrono::seconds                            session{std::chrono::hours{24}};
    std::filesystem::path                           demo_users{};
    console_garden                                  garden{};
    console_oidc                                    oidc{};
    console::user_limits::options                   limits{};
    std::filesystem::path                           session_key{};  // of cookies
    bool                                            audit_reads = false;
    std::size_t                                     connections = 4;  // of the store
    net::http_server_options   http{.connections = 256, .leave_with_peer = true};
    net::http_server::farewell drain{};
};

/// `needed`: the role runs, and what it needs must be there. listen, tls and drain are read by
/// whoever calls.
void read_console(yaml_document::reader& in, console_configuration& into, bool needed);

/// The garden's kubeconfig where the configuration has none: GARDEN_KUBECONFIG, else KUBECONFIG.
void apply_environment(console_configuration& into);

/// The users of a file that `falconer up` wrote. Errors: malformed, those of reading it.
result<std::vector<console::user>> read_demo_users(const std::filesystem::path& file);

/// Its text: each with a password of its own.
std::string demo_users_text(const std::vector<console::user>& users);

}  // namespace falconer::app

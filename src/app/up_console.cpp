// What `falconer up` does so that one can look into the console at once.
#include "up.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace falconer::app {
namespace {

/// Long enough not to be guessed, short enough to be typed.
secret new_password() {
    const auto text = uuid::random().text();
    return secret(text.substr(0, 8) + text.substr(24));
}

}  // namespace

/// Once made they stay: a browser that remembers a password goes on.
result<void> up_application::write_console_users() const {
    const auto file = configuration_in(opt_.data).console.demo_users;
    if (read_demo_users(file)) return {};
    std::vector<console::user> users{
        {.name       = "operator",
         .title      = "sees every cluster",
         .password   = new_password(),
         .sees       = {.everything = true},
         .may_replay = true,
         .may_triage = true}
    };
    if (!of_cluster_.empty()) {
        const auto project = cluster_identity{of_cluster_.begin()->first}.shoot()->project;
        users.push_back(
            {.name       = "member",
             .title      = "sees the shoots of project " + project,
             .password   = new_password(),
             .sees       = {.projects = {project}},
             .may_triage = true}
        );
    }
    const auto text   = demo_users_text(users);
    const int  number = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool good   = number >= 0 && ::write(number, text.data(), text.size()) ==
                                         static_cast<ssize_t>(text.size());
    const int why = errno;
    if (number >= 0) ::close(number);
    if (!good)
        return failure{errc::broken, file.string() + " cannot be written: " + std::strerror(why)};
    return {};
}

std::string up_application::console_greeting() const {
    const auto* console = server_ ? server_->console() : nullptr;
    if (server_ && console == nullptr) return "";
    const auto  port  = console != nullptr ? console->port() : split_how_.console.listen.port();
    const auto  local = asio::ip::address_v4::loopback();
    std::string said  = "  console   http://" + endpoint_text({local, port}) + "/\n";
    const auto  users = read_demo_users(configuration_in(opt_.data).console.demo_users);
    if (!users) return said;
    for (const auto& each : *users)
        said += "            user " + each.name + ", password " + each.password.reveal() + "  (" +
                each.title + ")\n";
    return said;
}

}  // namespace falconer::app

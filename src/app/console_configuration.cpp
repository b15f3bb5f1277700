#include "console_configuration.hpp"

#include "falconer/read_file.hpp"
#include "falconer/value.hpp"

#include <cstdlib>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

/// "https://dashboard.example.com", "'self'": one source of a policy, which nothing can end early.
bool is_source(std::string_view text) {
    return !text.empty() && text.find_first_of(" \t\r\n;,") == text.npos;
}

void read_garden(yaml_document::reader in, console_garden& into) {
    std::string kubeconfig = into.kubeconfig.string();
    in.read("kubeconfig", kubeconfig);
    into.kubeconfig = kubeconfig;
    in.read("landscape", into.landscape);
    // Decided: nobody sees for longer than a minute what they may not see any more.
    in.read_duration("decisionsKept", into.keep, 1s, 60s);
}

}  // namespace

void read_console(yaml_document::reader& in, console_configuration& into, bool needed) {
    in.read("hosts", into.hosts);
    for (auto& each : into.hosts) each = filter::lowered(each);
    in.read("frameAncestors", into.frame_ancestors);
    for (const auto& each : into.frame_ancestors)
        if (!is_source(each)) in.complain("frameAncestors", "'" + each + "' is no origin");
    in.read_duration("sessionLife", into.session, 60s, std::chrono::seconds(30 * 24h));
    in.read("storeConnections", into.connections, 1, 100);
    std::string users = into.demo_users.string();
    in.read("demoUsersFile", users);
    into.demo_users = users;
    in.read("auditReads", into.audit_reads);
    auto limits = in.section("limits");
    limits.read("questionsPerSecond", into.limits.per_second, 1, 10'000);
    limits.read("questionsAtOnce", into.limits.at_once, 1, 100'000);
    limits.read_duration("storeTimePerMinute", into.limits.store_time, 1s, 3600s);
    into.garden.asked = in.has("garden");
    read_garden(in.section("garden"), into.garden);
    if (needed && users.empty() && !into.garden.asked)
        in.complain(
            "garden",
            "is needed: nobody could sign in (or demoUsersFile, for trying over loopback; "
            "`falconer "
            "up` makes such a file)"
        );
}

void apply_environment(console_configuration& into) {
    if (!into.garden.asked || !into.garden.kubeconfig.empty()) return;
    for (const auto* name : {"GARDEN_KUBECONFIG", "KUBECONFIG"}) {
        const char* const said = std::getenv(name);
        if (said == nullptr || *said == '\0') continue;
        into.garden.kubeconfig = said;
        return;
    }
}

result<std::vector<console::user>> read_demo_users(const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (!text) return failure{text.error().code, file.string() + ": " + text.error().detail};
    const auto read = parse_yaml(*text);
    if (!read) return failure{errc::malformed, file.string() + ": " + read.error().detail};
    std::vector<console::user> all;
    const auto*                users = read->find("users");
    if (users != nullptr) {
        for (const auto& each : users->items()) {
            console::user one;
            one.name             = each.text_at({"name"});
            one.title            = each.text_at({"title"});
            one.password         = secret(std::string(each.text_at({"password"})));
            const auto* all_seen = each.find("everything");
            const auto* replays  = each.find("mayReplay");
            one.sees.everything  = all_seen != nullptr && all_seen->boolean().value_or(false);
            one.may_replay       = replays != nullptr && replays->boolean().value_or(false);
            if (const auto* projects = each.find("projects"))
                for (const auto& project : projects->items())
                    if (const auto* name = project.text()) one.sees.projects.push_back(*name);
            if (one.name.empty() || one.password.empty())
                return failure{
                    errc::malformed, file.string() + ": a user without name or password"
                };
            all.push_back(std::move(one));
        }
    }
    if (all.empty()) return failure{errc::malformed, file.string() + ": has no users"};
    return all;
}

std::string demo_users_text(const std::vector<console::user>& users) {
    auto list = value::list();
    for (const auto& each : users) {
        auto projects = value::list();
        for (const auto& project : each.sees.projects) projects.push_back(project);
        list.push_back(value{
            {"name", each.name},
            {"title", each.title},
            {"password", each.password.reveal()},
            {"everything", each.sees.everything},
            {"projects", std::move(projects)},
            {"mayReplay", each.may_replay}
        });
    }
    return yaml_text(value{{"users", std::move(list)}});
}

}  // namespace falconer::app

#include "console_configuration.hpp"

#include "falconer/read_file.hpp"
#include "falconer/value.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view callback = "/api/v1/sign-in/oidc/callback";

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

void read_oidc(yaml_document::reader in, console_oidc& into) {
    auto&      how  = into.how;
    const auto path = [&](const char* key, std::filesystem::path& to) {
        std::string text = to.string();
        in.read(key, text);
        to = text;
    };
    in.read("issuer", how.issuer);
    in.read("clientID", how.client);
    path("clientSecretFile", how.secret_file);
    in.read("redirectURL", how.redirect);
    in.read("scopes", how.scopes);
    in.read("title", how.title);
    path("caFile", into.ca);
    if (!into.asked) return;
    for (const auto& [key, is] : {std::pair{"issuer", &how.issuer}, {"redirectURL", &how.redirect}})
        if (const auto read = console::parse_web_address(*is); !read)
            in.complain(key, read.error().detail);
    if (how.client.empty()) in.complain("clientID", "is needed");
    if (!how.redirect.ends_with(callback))
        in.complain("redirectURL", "ends with " + std::string(callback));
    if (std::ranges::find(how.scopes, "openid") == how.scopes.end())
        in.complain("scopes", "openid is one of them");
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
    std::string key = into.session_key.string();
    in.read("sessionKeyFile", key);
    into.session_key = key;
    auto limits      = in.section("limits");
    limits.read("questionsPerSecond", into.limits.per_second, 1, 10'000);
    limits.read("questionsAtOnce", into.limits.at_once, 1, 100'000);
    limits.read_duration("storeTimePerMinute", into.limits.store_time, 1s, 3600s);
    into.garden.asked = in.has("garden");
    read_garden(in.section("garden"), into.garden);
    into.oidc.asked = in.has("oidc");
    read_oidc(in.section("oidc"), into.oidc);
    if (into.oidc.asked && !into.garden.asked)
        in.complain("oidc", "needs garden: it says what those who sign in may see");
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
            const auto* triages  = each.find("mayTriage");
            one.may_triage       = triages != nullptr && triages->boolean().value_or(false);
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
            {"mayReplay", each.may_replay},
            {"mayTriage", each.may_triage}
        });
    }
    return yaml_text(value{{"users", std::move(list)}});
}

}  // namespace falconer::app

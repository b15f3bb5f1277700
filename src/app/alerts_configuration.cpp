#include "alerts_configuration.hpp"

#include "alerts/cluster_rules.hpp"
#include "falconer/alerts/rule_text.hpp"
#include "falconer/duration.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using safety = net::smtp_client::safety;

constexpr std::string_view section_name = "alerts";

/// It becomes part of what is said to mail servers.
void read_host_name(field_reader& in, std::string_view key, std::string& into) {
    in.read(key, into);
    const bool good = !into.empty() && into.size() <= 253 && std::ranges::all_of(into, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-';
    });
    if (!good) in.expected(key, "a host's name");
}

void read_mail(field_reader& in, mail_configuration& into) {
    into.asked = true;
    if (in.read_needed("host", into.host) && into.host.find_first_of(" \t/:@") != std::string::npos)
        in.expected("host", "a host's name or an IPv4 address");
    std::int64_t port = into.port;
    in.read("port", port);
    if (port < 1 || port > 65'535)
        in.expected("port", "a number from 1 to 65535");
    else
        into.port = static_cast<std::uint16_t>(port);
    constexpr std::array choices{
        std::pair{"starttls", safety::starttls}, std::pair{"tls", safety::tls},
        std::pair{"none", safety::none}
    };
    std::string how = "starttls";
    in.read("security", how);
    const auto* const is = std::ranges::find(choices, how, [](const auto& each) {
        return std::string_view(each.first);
    });
    if (is == choices.end())
        in.expected("security", "one of starttls, tls, none");
    else
        into.safe = is->second;
    if (in.read_needed("from", into.from) && !net::is_mail_address(into.from))
        in.expected("from", "a mail address");
    in.read("user", into.user);
    in.read("passwordFile", into.password_file);
    in.read("caFile", into.ca_file);
    read_host_name(in, "hello", into.hello);
    if (into.user.empty() != into.password_file.empty())
        in.complain("user", "user and passwordFile belong together");
    if (!into.user.empty() && into.safe == safety::none)
        in.complain("security", "a password goes through TLS only: starttls or tls");
}

void read_ranges(field_reader& in, std::string_view key, std::vector<net::address_range>& into) {
    std::vector<std::string> texts;
    in.read(key, texts);
    for (const auto& each : texts) {
        auto range = net::parse_address_range(each);
        if (range)
            into.push_back(std::move(*range));
        else
            in.complain(key, "'" + each + "': " + range.error().detail);
    }
}

void read_receivers(field_reader& in, alerts_configuration& into) {
    std::set<std::pair<std::string, std::string>> names;
    in.each("receivers", [&](const value& item, const std::string& path) {
        auto one = alerts::read_receiver(item, path, in.problems());
        if (!one.name.empty() && !names.insert({one.project, one.name}).second)
            in.problems().push_back({path + ".name", "'" + one.name + "' again", item.line()});
        if (one.how == alerts::channel_kind::email && !into.mail.asked)
            in.problems().push_back(
                {path + ".email", "needs a mail server: alerts.mail", item.line()}
            );
        into.receivers.push_back(std::move(one));
    });
}

/// Whom `defaultReceivers` names must be there, as must whom a rule names.
void read_default_receivers(field_reader& in, alerts_configuration& into) {
    in.read("defaultReceivers", into.default_receivers);
    const auto ground = into.ground();
    for (const auto& each : into.default_receivers)
        if (!ground.has_receiver({}, each))
            in.complain("defaultReceivers", "there is no receiver '" + each + "' of the operators");
}

void read_rules(field_reader& in, alerts_configuration& into) {
    const auto* list = in.find("rules");
    if (list == nullptr) return;
    const auto path = in.path_of("rules");
    // Their filters ask for no time: it does not matter what the clock says.
    into.rules        = alerts::rules_of(*list, path, utc_time{}, in.problems());
    const auto ground = into.ground();
    for (std::size_t i = 0; i < into.rules.size(); ++i) {
        auto& rule   = into.rules[i];
        rule.version = 0;
        alerts::check_ground(
            rule, list->items()[i], path + '[' + std::to_string(i) + ']', ground, in.problems()
        );
        if (rule.receivers.empty()) rule.receivers = into.default_receivers;
    }
}

void read_deliveries(field_reader& in, alerts_configuration& into) {
    auto at_once = static_cast<std::int64_t>(into.at_once);
    in.read("atOnce", at_once);
    if (at_once < 1 || at_once > 1000)
        in.expected("atOnce", "a number from 1 to 1000");
    else
        into.at_once = static_cast<std::size_t>(at_once);
    std::string lifetime;
    in.read("giveUpAfter", lifetime);
    if (lifetime.empty()) return;
    const auto is = parse_duration(lifetime);
    if (!is || *is < 1min || *is > 24h * 30)
        in.expected("giveUpAfter", "a duration from 1m to 720h");
    else
        into.lifetime = std::chrono::duration_cast<std::chrono::seconds>(*is);
}

}  // namespace

alerts::rule_ground alerts_configuration::ground() const {
    alerts::rule_ground all;
    for (const auto& each : receivers)
        all.receivers.push_back({each.project, each.name, std::string(alerts::name_of(each.how))});
    return all;
}

std::vector<std::pair<std::string, std::string>> alerts_configuration::files() const {
    std::vector<std::pair<std::string, std::string>> all;
    const auto add = [&](const std::string& whose, const std::string& file) {
        if (!file.empty()) all.emplace_back(whose, file);
    };
    for (const auto& each : receivers) {
        add("receiver '" + each.name + "'", each.url_file);
        add("receiver '" + each.name + "'", each.secret_file);
    }
    add("mail.passwordFile", mail.password_file);
    add("mail.caFile", mail.ca_file);
    add("caFile", ca_file);
    return all;
}

alerts_configuration read_alerts(const value& section, field_problems& problems) {
    alerts_configuration into;
    field_reader         in(section, std::string(section_name), problems);
    in.read("enabled", into.enabled);
    in.in("mail", [&](field_reader& mail) { read_mail(mail, into.mail); });
    read_receivers(in, into);
    read_default_receivers(in, into);
    read_rules(in, into);
    bool with_ours = true;
    in.read("clusterRules", with_ours);
    if (with_ours)
        into.rules = alerts::with_cluster_rules(std::move(into.rules), into.default_receivers);
    in.in("addresses", [&](field_reader& of) {
        read_ranges(of, "allowed", into.addresses.allowed);
        read_ranges(of, "refused", into.addresses.refused);
    });
    in.read("caFile", into.ca_file);
    read_host_name(in, "site", into.site);
    in.in("deliveries", [&](field_reader& of) { read_deliveries(of, into); });
    return into;
}

}  // namespace falconer::app

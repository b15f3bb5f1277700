// The section `alerts` of the configuration: operators' rules, receivers, and how they are reached.
#pragma once

#include "alerts/channels/receiver.hpp"
#include "falconer/alerts/rule_check.hpp"
#include "falconer/net/address_policy.hpp"
#include "falconer/net/smtp_client.hpp"
#include "falconer/value.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace falconer::app {

/// The mail server that e-mail is handed to.
struct mail_configuration {
    bool                     asked = false;  // there is such a section
    std::string              host{};
    std::uint16_t            port = 587;
    net::smtp_client::safety safe = net::smtp_client::safety::starttls;
    std::string              from{};
    std::string              user{};
    std::string              password_file{};
    std::string              ca_file{};
    std::string              hello = "localhost";
};

struct alerts_configuration {
    bool enabled = true;

    std::vector<alerts::receiver> receivers{};
    /// Whom operators' rules tell that name nobody.
    std::vector<std::string> default_receivers{};
    /// The operators', those that come with Falconer among them.
    std::vector<alerts::alert_rule> rules{};

    mail_configuration           mail{};
    net::address_policy::options addresses{};  // of projects' receivers
    std::string                  ca_file{};    // of receivers; empty: what the system trusts
    std::string                  site    = "falconer";
    std::size_t                  at_once = 32;                      // deliveries
    std::chrono::seconds         lifetime{std::chrono::hours{24}};  // of a telling

    /// What rules may lean on.
    alerts::rule_ground ground() const;
    /// Files that are read when something is told: whose, and which.
    std::vector<std::pair<std::string, std::string>> files() const;
};

/// All that is wrong goes to `problems`, with its place. Nothing there: as by default, which is
/// with the rules that come with Falconer. Looks at the machine's time zones.
alerts_configuration read_alerts(const value& section, field_problems& problems);

}  // namespace falconer::app

// What the API server of the garden is told about our webhook, and what is wrong with what it
// knows.
#pragma once

#include "falconer/kube_object.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::admissions {

/// Source: gardener/gardener, extensions/pkg/webhook/registration.go; the Go extension's
/// pkg/admission/{mutator,validator}/webhook.go.
inline constexpr auto webhook_configuration = "gardener-extension-admission-shoot-falco-service";

enum class webhook_kind : std::uint8_t { mutating, validating };
inline constexpr std::array webhook_kinds{webhook_kind::mutating, webhook_kind::validating};

kube_type type_of(webhook_kind is);

/// How an API server reaches us.
struct webhook_address {
    std::string   url{};      // mode url: "https://host:port", without a path; empty: mode service
    std::string   service{};  // mode service
    std::string   namespace_name{};
    std::uint16_t port = 443;
};

/// "https://host:port" of whatever is said in mode url: a host, with a port, or a whole URL.
/// Nothing: it is none of these.
std::optional<std::string> webhook_url(std::string_view said);

/// What our certificate must be good for. Source: Gardener's certificates.go.
std::vector<std::string> names_of(const webhook_address& at);

/// Whom the configurations go with. Nobody without a uid.
struct webhook_owner {
    std::string name{}, uid{};  // of a Namespace
};

/// Whether what is wrong beside the bundle is repaired too.
enum class webhook_repair : std::uint8_t { bundle, everything };

/// What must be written, over `found` (null: it is not there); nothing: it is as it should be. A
/// bundle is never emptied: without `trust` the one that is there stays.
std::optional<value> wanted_configuration(
    webhook_kind is, const value& found, const webhook_address& at, const webhook_owner& owner,
    const std::string& trust, webhook_repair how
);

/// PEM: the first bundle that is not empty.
std::string bundle_in(const value& configuration);

}  // namespace falconer::admissions

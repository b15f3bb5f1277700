// Where rules of a version come from, whatever kind of place that is.
#pragma once

#include "digest.hpp"
#include "falconer/falco/rule_files.hpp"
#include "falconer/net/http_client.hpp"
#include "falconer/result.hpp"
#include "falconer/task.hpp"
#include "falconer/time_source.hpp"
#include "sources_record.hpp"

#include <asio/any_io_executor.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::oci {

/// What an artifact must be: "falco-rules:5.0.0@sha256:…", or "falco-rules=sha256:…", of whatever
/// version.
struct artifact_pin {
    std::string artifact{};
    std::string version{};  // empty: of any
    digest      is = digest::of({});

    friend bool operator==(const artifact_pin&, const artifact_pin&) = default;
};
/// Errors: malformed; also an artifact that is none of the three.
result<artifact_pin> parse_pin(std::string_view text);

struct rules_file {
    file_source where{};
    std::string text{};
};

class rules_source {
public:
    virtual ~rules_source() = default;

    /// The one file of an artifact, verified. Errors: not_found, denied, unavailable, timed_out,
    /// malformed, too_large; malformed, when it is not what the pin says.
    virtual task<result<rules_file>> fetch(
        std::string artifact, std::string version, std::optional<digest> pin
    ) = 0;
};

struct rules_source_options {
    /// "https://ghcr.io/falcosecurity/rules", or a folder: an image layout, or a folder for each
    /// version as `rules pull` writes it.
    std::string           from = "https://ghcr.io/falcosecurity/rules";
    std::filesystem::path credentials_file{};  // docker config.json; empty: asks as nobody
    std::filesystem::path ca_file{};           // PEM; empty: what the system trusts
    bool                  plain_http = false;  // to other machines, too

    friend bool operator==(const rules_source_options&, const rules_source_options&) = default;
};

/// Errors: an URL, a folder or a file that is none, in one sentence.
result<std::unique_ptr<rules_source>> make_rules_source(
    asio::any_io_executor loop, time_source& time, const rules_source_options& opt
);

struct rules_wish {
    std::string              version{};
    std::vector<std::string> artifacts{
        "falco-rules", "falco-incubating-rules", "falco-sandbox-rules"
    };
    std::vector<artifact_pin> pins{};

    std::optional<digest> pin_of(std::string_view artifact) const;
};

/// Whether there can be such a version, and such artifacts. Errors: malformed.
result<void> check_wish(const rules_wish& wish);

struct pulled_rules {
    sources_record  record{};
    falco::rule_set files{};
};

/// What the source does not have is absent; but falco-rules, and what is pinned, must be there.
/// Errors: as fetch(), of the first artifact that fails; as check_wish().
task<result<pulled_rules>> pull_rules(rules_source& from, rules_wish wish);

}  // namespace falconer::oci

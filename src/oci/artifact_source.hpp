// Where artifacts come from: a registry, or a folder laid out like one.
#pragma once

#include "falconer/result.hpp"
#include "falconer/task.hpp"
#include "manifest.hpp"

#include <optional>
#include <string>

namespace falconer::oci {

struct served_document {
    std::string text{};
    std::string media_type{};  // as the server says
};

/// Hands out bytes; whoever asks verifies them.
class artifact_source {
public:
    virtual ~artifact_source() = default;

    /// `reference`: a tag or a digest. Errors: not_found, denied, unavailable, timed_out,
    /// malformed, too_large.
    virtual task<result<served_document>> manifest(std::string artifact, std::string reference) = 0;
    virtual task<result<std::string>>     blob(std::string artifact, descriptor which)          = 0;

    /// "ghcr.io/falcosecurity/rules/falco-rules", for people and records.
    virtual std::string name_of(const std::string& artifact) const = 0;
};

/// A tag, followed to the one manifest behind it.
struct resolved_artifact {
    digest        root;  // what the tag stands for: a manifest, or an index of them
    oci::manifest is{};
};

/// Every document is verified against the digest that named it. Errors: as manifest(); malformed,
/// when the tag does not stand for `pin`.
task<result<resolved_artifact>> resolve(
    artifact_source& from, std::string artifact, std::string tag, std::optional<digest> pin
);

}  // namespace falconer::oci

// Artifacts of a folder that somebody has carried here. Source: OCI image specification 1.1,
// image-layout.md.
#pragma once

#include "artifact_source.hpp"

#include <filesystem>
#include <string>

namespace falconer::oci {

/// Of one layout for all artifacts, with references that end in "falco-rules:5.0.0", or of a layout
/// for each in a folder of its name, with references "5.0.0".
class image_layout final : public artifact_source {
public:
    explicit image_layout(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Whether there is one of either kind.
    static bool is_one(const std::filesystem::path& folder);

    task<result<served_document>> manifest(std::string artifact, std::string reference) override;
    task<result<std::string>>     blob(std::string artifact, descriptor which) override;
    std::string                   name_of(const std::string& artifact) const override;

private:
    std::filesystem::path   folder_of(const std::string& artifact) const;
    result<served_document> find(const std::string& artifact, const std::string& reference) const;

    std::filesystem::path folder_;
};

}  // namespace falconer::oci

// Rules of a plain folder: a folder for each version, in it the standard files.
#pragma once

#include "rules_source.hpp"

namespace falconer::oci {

/// Where `rules pull` has written the folder its sources.json is believed: files must be what it
/// says, and pins can be checked against it. Without one there is nothing to check.
class rules_folder_source final : public rules_source {
public:
    explicit rules_folder_source(std::filesystem::path folder) : folder_(std::move(folder)) {}

    task<result<rules_file>> fetch(
        std::string artifact, std::string version, std::optional<digest> pin
    ) override;

private:
    result<rules_file> read(
        const std::string& artifact, const std::string& version, const std::optional<digest>& pin
    ) const;

    std::filesystem::path folder_;
};

}  // namespace falconer::oci

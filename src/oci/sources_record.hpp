// Where the files of one rules version came from and what they are: sources.json beside them.
#pragma once

#include "digest.hpp"
#include "falconer/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::oci {

inline constexpr auto sources_file = "sources.json";

struct file_source {
    std::string           artifact{};  // "falco-rules"
    std::string           file{};      // "falco_rules.yaml"
    digest                is    = digest::of({});
    std::uint64_t         bytes = 0;
    std::string           from{};  // "ghcr.io/falcosecurity/rules/falco-rules:5.0.0"
    std::optional<digest> manifest{
    };  // what the tag stood for; nothing: it came from a plain folder
    std::optional<digest> layer{};

    friend bool operator==(const file_source&, const file_source&) = default;
};

struct sources_record {
    std::string              version{};
    std::vector<file_source> files{};
    std::vector<std::string> absent{};  // artifacts that the source did not have

    const file_source* find(std::string_view artifact) const;
    friend bool        operator==(const sources_record&, const sources_record&) = default;
};

std::string to_json(const sources_record& record);

/// Errors: malformed; also when it names a file that is not its artifact's own.
result<sources_record> parse_sources(std::string_view json);

}  // namespace falconer::oci

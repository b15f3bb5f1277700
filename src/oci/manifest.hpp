// What a registry says an artifact is made of. Source: OCI image specification 1.1, manifest.md and
// image-index.md.
#pragma once

#include "digest.hpp"
#include "falconer/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace falconer::oci {

inline constexpr auto manifest_type = "application/vnd.oci.image.manifest.v1+json";
inline constexpr auto index_type    = "application/vnd.oci.image.index.v1+json";

inline constexpr std::size_t largest_manifest = 1 << 20;  // bytes

struct descriptor {
    std::string   media_type{};
    digest        is   = digest::of({});
    std::uint64_t size = 0;  // bytes

    // Only of an index.
    std::string reference{};         // org.opencontainers.image.ref.name
    bool        platform   = false;  // it is for one kind of machine
    bool        references = false;  // there is such an annotation
};

struct manifest {
    descriptor              config{};
    std::vector<descriptor> layers{};
};
struct index {
    std::vector<descriptor> manifests{};
};
using document = std::variant<manifest, index>;

/// `media_type`: as it was served; where the document has one of its own, that one counts. One that
/// could be read as both is refused. Errors: malformed.
result<document> parse_document(std::string_view text, std::string_view media_type);

/// Rules are for every machine: the entry without a platform, or the only one there is.
/// Errors: malformed, when there is no such one.
result<descriptor> only_manifest(const index& of);

}  // namespace falconer::oci

// What a request to a Kubernetes API asks for. Source: kubernetes.io, "Kubernetes API concepts".
#pragma once

#include "falconer/net/http_message.hpp"
#include "falconer/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

struct api_route {
    /// objects: below /api/v1 or /apis/<group>/<version>; document: discovery, OpenAPI, probes.
    enum class what : std::uint8_t { document, objects };

    what        kind = what::document;
    std::string path{};  // of a document, without what it is mounted below
    std::string group{}, version{}, plural{};
    std::string namespace_name{}, name{}, part{};  // part: "status"

    std::map<std::string, std::string, std::less<>> query{};

    std::string_view asked(std::string_view parameter) const;
    /// Whatever is neither "false" nor "0": some libraries write "True". Source: apimachinery,
    /// runtime/converter, Convert_Slice_string_To_bool.
    bool is_asked(std::string_view parameter) const;
};

/// `target` as it came, without its mount. Errors: malformed.
result<api_route> parse_route(std::string_view target);

}  // namespace falconer::sandbox

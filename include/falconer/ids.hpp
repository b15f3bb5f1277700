// Names of things: types of their own, so that one is never handed in for another.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace falconer {

/// A UUID of any version (RFC 9562), kept as its sixteen bytes.
struct uuid {
    std::array<std::uint8_t, 16> bytes{};

    /// The form with dashes, any case; nothing else.
    static std::optional<uuid> parse(std::string_view text) noexcept;
    /// Version 8, of the first 16 bytes of a digest: the same input gives the same uuid.
    static uuid from_digest(const std::array<std::uint8_t, 32>& sha256) noexcept;
    /// Version 4, from the system's random numbers.
    static uuid random();

    std::string text() const;  // lower case, with dashes

    friend auto operator<=>(const uuid&, const uuid&) = default;
};

/// A cluster as its token names it. Opaque: compared byte by byte, never required to have a shape.
/// For people it is taken apart where it looks like `shoot--<project>--<name>-<uuid>-<landscape>`.
struct cluster_identity {
    std::string text;

    struct parts {
        std::string project, name, uid, landscape;
    };
    /// Nothing, when the identity does not look like a shoot's (seeds, the garden).
    /// Source: Gardener's Shoot.status.clusterIdentity, `<technicalID>-<uid>-<gardenIdentity>`.
    std::optional<parts> shoot() const;

    friend bool operator==(const cluster_identity&, const cluster_identity&) = default;
};

/// Many events of one cluster share its name.
using cluster_ref = std::shared_ptr<const cluster_identity>;

}  // namespace falconer

template <>
struct std::hash<falconer::uuid> {
    std::size_t operator()(const falconer::uuid& id) const noexcept;
};

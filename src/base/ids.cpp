#include "falconer/ids.hpp"

#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>

namespace falconer {
namespace {

constexpr bool dash_at(std::size_t i) {
    return i == 8 || i == 13 || i == 18 || i == 23;
}

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
    return -1;
}

uuid stamped(uuid id, std::uint8_t version) noexcept {
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | version << 4);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
    return id;
}

}  // namespace

std::optional<uuid> uuid::parse(std::string_view text) noexcept {
    if (text.size() != 36) return std::nullopt;
    uuid        out;
    std::size_t nibble = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (dash_at(i)) {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        const int value = hex_value(text[i]);
        if (value < 0) return std::nullopt;
        auto& byte = out.bytes[nibble / 2];
        byte       = static_cast<std::uint8_t>(byte << 4 | value);
        ++nibble;
    }
    return out;
}

uuid uuid::from_digest(const std::array<std::uint8_t, 32>& sha256) noexcept {
    uuid id;
    std::memcpy(id.bytes.data(), sha256.data(), id.bytes.size());
    return stamped(id, 8);
}

uuid uuid::random() {
    uuid id;
    if (RAND_bytes(id.bytes.data(), static_cast<int>(id.bytes.size())) != 1)
        throw std::runtime_error("the system has no random numbers");
    return stamped(id, 4);
}

std::string uuid::text() const {
    constexpr char digits[] = "0123456789abcdef";
    std::string    out;
    out.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
        out.push_back(digits[bytes[i] >> 4]);
        out.push_back(digits[bytes[i] & 0x0F]);
    }
    return out;
}

std::optional<cluster_identity::parts> cluster_identity::shoot() const {
    constexpr std::string_view prefix = "shoot--";
    std::string_view           rest   = text;
    if (!rest.starts_with(prefix)) return std::nullopt;
    rest.remove_prefix(prefix.size());

    const auto project_end = rest.find("--");
    if (project_end == 0 || project_end == std::string_view::npos) return std::nullopt;
    const auto project = rest.substr(0, project_end);
    rest.remove_prefix(project_end + 2);

    // The first `-<uuid>-` ends the name: names of shoots are too short to hold a UUID themselves.
    for (auto at = rest.find('-'); at != std::string_view::npos; at = rest.find('-', at + 1)) {
        if (at == 0 || rest.size() < at + 1 + 36 + 2 || rest[at + 37] != '-') continue;
        const auto uid = rest.substr(at + 1, 36);
        if (!uuid::parse(uid)) continue;
        return parts{
            .project   = std::string(project),
            .name      = std::string(rest.substr(0, at)),
            .uid       = std::string(uid),
            .landscape = std::string(rest.substr(at + 38)),
        };
    }
    return std::nullopt;
}

}  // namespace falconer

std::size_t std::hash<falconer::uuid>::operator()(const falconer::uuid& id) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, id.bytes.data(), sizeof halves);
    return static_cast<std::size_t>(halves[0] ^ (halves[1] * 0x9E3779B97F4A7C15U));
}

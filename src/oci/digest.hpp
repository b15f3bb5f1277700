// What names bytes by what they are: "sha256:" and 64 lower-case digits. Source: OCI image
// specification, descriptor.md#digests.
#pragma once

#include "falconer/result.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace falconer::oci {

class digest {
public:
    /// Of sha256 only. Errors: malformed.
    static result<digest> parse(std::string_view text);
    static digest         of(std::string_view bytes);

    const std::string& text() const noexcept { return text_; }
    std::string_view   hex() const noexcept { return std::string_view(text_).substr(7); }

    auto operator<=>(const digest&) const = default;

private:
    explicit digest(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// Errors: malformed, when they are others; `what` is how they are called.
result<void> verify(std::string_view bytes, const digest& wanted, std::string_view what);

}  // namespace falconer::oci

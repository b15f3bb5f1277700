// A gzipped body unpacked as it comes, so that it is never there twice.
#pragma once

#include "falconer/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace falconer::net {

/// Source: RFC 1952; RFC 9110 §8.4.1.3.
class gzip_body {
public:
    gzip_body();
    ~gzip_body();
    gzip_body(gzip_body&&) noexcept;
    gzip_body& operator=(gzip_body&&) noexcept;

    /// Appends what `piece` unpacks to. Errors: malformed, too_large when `into` would get longer
    /// than `most` bytes.
    result<void> add(std::string_view piece, std::string& into, std::uint64_t most);
    /// The body ends here. Errors: malformed, when it is cut short.
    result<void> finish() const;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace falconer::net

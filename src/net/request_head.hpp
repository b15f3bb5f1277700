// The header of a request as bytes: where it ends, and whether every server would read it alike.
#pragma once

#include <cstddef>
#include <string_view>

namespace falconer::net {

/// Why a request is refused before anyone looks at what it asks for.
struct http_refusal {
    unsigned         status = 0;  // 0: not refused; else 400, 413, 417, 431 or 505
    std::string_view why{};       // static text for the sender

    explicit operator bool() const noexcept { return status != 0; }
};

/// Finds the end of a header without reading a byte twice, and refuses on the way what different
/// servers are known to understand differently: bare CR or LF, control characters, folded lines,
/// blank first lines, targets that are not paths. Names, values and framing are the parser's part.
///
/// Source: RFC 9112 sections 2.2, 3, 5; RFC 9110 section 5.5
class request_head {
public:
    explicit request_head(std::size_t limit) : limit_(limit) {}

    /// `bytes` begins where the request begins and has grown since the last call.
    http_refusal look_at(std::string_view bytes);

    bool        begun() const noexcept { return seen_ > 0; }
    bool        complete() const noexcept { return complete_; }
    std::size_t size() const noexcept { return line_; }  // with the blank line, once complete
    std::size_t fields() const noexcept { return fields_; }
    void        reset() noexcept { *this = request_head(limit_); }

private:
    http_refusal end_of_line(std::string_view line);

    std::size_t limit_;
    std::size_t line_     = 0;  // where the present line begins
    std::size_t seen_     = 0;  // checked as far as here
    std::size_t fields_   = 0;
    bool        complete_ = false;
};

}  // namespace falconer::net

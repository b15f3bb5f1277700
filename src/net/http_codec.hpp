// HTTP/1.1 without sockets: bytes in, messages out, and back. Boost.Beast is behind this door.
#pragma once

#include "falconer/net/http_message.hpp"
#include "falconer/result.hpp"
#include "falconer/time_source.hpp"
#include "request_head.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace falconer::net {

struct http_limits {
    std::uint32_t header_bytes = 16 * 1024;    // start line and all fields
    std::uint64_t body_bytes   = 1024 * 1024;  // after the chunks are joined
};

/// One request after another, from one connection. Strict: what two servers might read in two ways
/// is refused. Trailer fields are checked and dropped.
///
/// Errors : malformed, too_large; after either the connection is of no further use, and refusal()
///          says what to answer.
class request_decoder {
public:
    explicit request_decoder(http_limits limits);
    ~request_decoder();

    /// Takes what it can use of `bytes` and returns how much that was. Show it the rest again,
    /// together with what came after, for as long as done() is false.
    result<std::size_t> feed(std::string_view bytes);

    /// As feed, but takes nothing beyond the header: call it until head_done(), and feed for the
    /// body.
    result<std::size_t> feed_head(std::string_view bytes);

    bool started() const;    // the first byte of a message has been seen
    bool head_done() const;  // head() is known
    bool done() const;       // take() will give a whole message

    http_request& head();                  // from head_done() on; its body is what has come so far
    bool          chunked() const;         // the body's length is known only at its end
    bool          wants_continue() const;  // the peer holds the body back until it is told to go on
    http_refusal  refusal() const;         // after an error

    /// Reads the body without keeping it; an error (too_large) if it has more than `limit` bytes.
    void drop_body(std::uint64_t limit);

    /// Hands out the message and begins the next one.
    http_request take();
    /// Forgets a message that is half done.
    void reset();

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// One response. Its body has no limit, because a watch has no end: take the body as it comes.
class response_decoder {
public:
    enum class expect { body, no_body };  // no_body: the answer to HEAD

    response_decoder(response_decoder&&) noexcept;
    response_decoder& operator=(response_decoder&&) noexcept;
    explicit response_decoder(std::uint32_t header_bytes = 16 * 1024, expect what = expect::body);
    ~response_decoder();

    result<std::size_t> feed(std::string_view bytes);
    /// The peer has closed. Errors: malformed, when that cuts the message short.
    result<void> finish();

    bool                 header_done() const;
    bool                 done() const;
    const http_response& head() const;  // valid once header_done(); the body stays empty
    std::string          take_body();   // what has come since the last call

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// Append the bytes of a message to `out`. Fields must be free of CR and LF: they come from us.
void encode(const http_request& message, std::string& out);
/// `head_only`: the answer to HEAD, which tells the body's length and keeps the body.
/// Of an answer with a stream: as far as it is known. append_chunk() and last_chunk follow.
/// `date`: as http_date() makes it; empty: the field is left out.
void encode(
    const http_response& message, std::string& out, bool head_only = false,
    std::string_view date = {}
);

/// "Sun, 06 Nov 1994 08:49:37 GMT". Source: RFC 9110 §5.6.7
std::string http_date(utc_time when);

inline constexpr std::string_view last_chunk = "0\r\n\r\n";
/// One piece of a body; nothing, if it is empty.
void append_chunk(std::string_view piece, std::string& out);

}  // namespace falconer::net

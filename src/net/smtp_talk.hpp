// The lines of SMTP: commands to a server, and its replies.
#pragma once

#include "byte_stream.hpp"
#include "falconer/result.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer::net {

/// Source: RFC 5321 §4.2.
struct smtp_reply {
    int                      code = 0;  // 200 to 599
    std::vector<std::string> lines{};   // without the code

    bool good() const noexcept { return code >= 200 && code < 300; }
    bool permanent() const noexcept { return code >= 500; }
    /// Whether a line is this keyword of EHLO, alone or followed by parameters; any case.
    bool offers(std::string_view keyword) const;
    /// … the parameters; nothing: it is not offered.
    std::optional<std::string> parameters_of(std::string_view keyword) const;
    /// "550 5.1.1 no such user": in one line of printable ASCII, at most 200 bytes.
    std::string text() const;
};

/// Takes a whole reply off the front of `bytes`, if it is there.
/// Errors: malformed: this is no reply, or one longer than longest_reply.
result<std::optional<smtp_reply>> take_reply(std::string& bytes);

inline constexpr std::size_t longest_reply = 16 * 1024;  // bytes

/// `text` with lines ending in CRLF, a dot before each that begins with one, and the dot that ends
/// it. Source: RFC 5321 §4.5.2.
std::string dotted(std::string_view text);

class smtp_talk {
public:
    explicit smtp_talk(std::unique_ptr<byte_stream> peer) : peer_(std::move(peer)) {}

    task<result<smtp_reply>> hear();
    /// `bytes` end a line.
    task<result<smtp_reply>> ask(std::string bytes);
    task<result<void>>       say(std::string bytes);

    byte_stream& peer() noexcept { return *peer_; }
    /// Nothing was said that nobody has asked for: what comes before TLS may be an attacker's.
    bool heard_all() const noexcept { return waiting_.empty(); }
    void go_on_with(std::unique_ptr<byte_stream> peer) { peer_ = std::move(peer); }

private:
    std::unique_ptr<byte_stream> peer_;
    std::string                  waiting_{};
};

}  // namespace falconer::net

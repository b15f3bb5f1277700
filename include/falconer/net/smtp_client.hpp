// Hands e-mail to a mail server.
#pragma once

#include "falconer/log.hpp"
#include "falconer/net/address_policy.hpp"
#include "falconer/result.hpp"
#include "falconer/task.hpp"
#include "falconer/time_source.hpp"

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::net {

/// A message as SMTP carries it.
struct mail {
    std::string              from{};  // addresses alone: "falconer@example.org"
    std::vector<std::string> to{};    // at least one
    std::string              text{};  // header fields and body, lines ending in CRLF
};

/// What the server said in the end.
struct mail_answer {
    bool        taken     = false;
    bool        permanent = false;  // not taken, and never will be: a reply of 5xx
    std::string said{};             // its last reply, or why there was none
};

/// Whether it can stand between < and > of MAIL and RCPT: one "@" between what has no blanks,
/// brackets, quotes, commas or control characters, ASCII, at most 254 bytes.
/// Source: RFC 5321 §4.1.2, without quoted local parts; §4.5.3.1.3.
bool is_mail_address(std::string_view text);

class smtp_client {
public:
    /// How the connection is made safe.
    enum class safety : std::uint8_t {
        starttls,  // plain at first; goes on only when the server takes TLS (RFC 3207)
        tls,       // from the first byte (RFC 8314)
        none,      // never: for a relay on this machine
    };

    struct options {
        std::string   host = "localhost";
        std::uint16_t port = 587;
        safety        safe = safety::starttls;
        std::string   hello{"localhost"};  // what we call ourselves
        std::string   ca{};                // file of PEM; empty: what the system trusts
        std::string   user{};              // empty: no login
        /// The password of this moment; asked before each message.
        std::function<result<secret>()>       password{};
        std::chrono::milliseconds             connect{10'000};
        std::chrono::milliseconds             whole{30'000};  // a message, connecting included
        std::shared_ptr<const address_policy> policy{};
    };

    virtual ~smtp_client() = default;

    /// Hands over one message on a connection of its own. A password goes only through TLS. A
    /// message of which the server takes some addresses and refuses others is sent to those, and
    /// counts as taken; `said` names how many were refused.
    ///
    /// Errors : none; whatever happened is in the answer
    /// Cancel : it may have been taken
    /// Source : RFC 5321, RFC 3207, RFC 4954 (PLAIN, LOGIN), RFC 6152 (8BITMIME is not needed: the
    ///          text is ASCII)
    virtual task<mail_answer> send(mail what) = 0;
};

/// Errors: those of reading the CA's file.
/// Lifetime: must outlive every send().
result<std::unique_ptr<smtp_client>> make_smtp_client(
    asio::any_io_executor loop, time_source& time, smtp_client::options opt
);

}  // namespace falconer::net

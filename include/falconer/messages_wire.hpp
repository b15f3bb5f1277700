// The wire form of every message: what actors tell each other when a process lies between them.
#pragma once

#include "falconer/messages.hpp"
#include "falconer/value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace falconer {

/// Of the forms below. Kinds and fields are only ever added: who does not know a kind says so and
/// goes on, who does not know a field leaves it. Another number means that nothing is understood.
inline constexpr int wire_version = 1;

/// {"to": "shoot--a--b-…", "kind": "token_rotated", "issued": "2026-12-01T00:00:00Z"}
value to_wire(const cluster_identity& to, const cluster_message& what);
value to_wire(const cluster_identity& to, const shoot_message& what);

/// "token_rotated".
std::string_view kind_of(const cluster_message& what) noexcept;
std::string_view kind_of(const shoot_message& what) noexcept;

/// Whether `b` says nothing that `a` has not said: for silence it is enough that both are within a
/// minute.
bool says_the_same(const cluster_message& a, const cluster_message& b);
bool says_the_same(const shoot_message& a, const shoot_message& b);

/// A message, or a kind that this release does not know, or what is wrong with it.
template <class Message>
struct wire_reading {
    cluster_identity       to{};
    std::optional<Message> message{};
    std::string            unknown{};  // the kind, as it was named
    std::string            problem{};
};

/// Pure; whatever comes, it comes back as one of the three.
wire_reading<cluster_message> cluster_message_of(const value& wire);
wire_reading<shoot_message>   shoot_message_of(const value& wire);

}  // namespace falconer

// What goes over the wire around messages: requests of controllers, answers of ingestors.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::carrier {

inline constexpr std::string_view tell_path = "/peer/v1/tell";
inline constexpr std::string_view hear_path = "/peer/v1/hear";

/// Whose request it is: one term of one seed's controller as its leader, and the how-manieth.
struct sender {
    std::string   reign{};     // a UUID
    std::int64_t  began  = 0;  // ms since 1970: of two reigns of a seed the later one counts
    std::uint64_t number = 0;  // of its requests to the same path; goes up
};

/// All facts with numbers behind `after`, up to `upto`, in their order.
struct tell_request {
    sender           from{};
    std::uint64_t    after = 0, upto = 0;
    value::list_type messages{};
};

/// What is new, or at least something within `wait`.
struct hear_request {
    sender                               from{};
    std::chrono::milliseconds            wait{};
    std::map<std::string, std::uint64_t> cursors{};  // read up to there, by ingestor
};

/// Of both.
struct peer_answer {
    std::string      by{};             // which ingestor, in which life: a UUID
    std::uint64_t    applied = 0;      // all of the reign's facts up to there are known to it
    bool             reset   = false;  // `messages` is all there is from the beginning on
    bool             more    = false;
    std::uint64_t    upto    = 0;
    value::list_type messages{};
    struct refusal {
        std::string to{}, why{};
    };
    std::vector<refusal>     refused{};
    std::vector<std::string> unknown{};  // kinds
};

/// A refusal of a whole request.
struct peer_refusal {
    std::string  why{};
    std::int64_t newest = 0;  // of an older reign: when the one that counts began
};

/// More is not read, whatever the body may hold.
inline constexpr std::size_t most_messages = 2000, most_cursors = 16;

// Pure. Errors: malformed, in a sentence; the version of the wire that is not ours, too.
result<tell_request> read_tell(std::string_view body);
result<hear_request> read_hear(std::string_view body);
result<peer_answer>  read_answer(std::string_view body);
peer_refusal         read_refusal(std::string_view body);  // of anything

std::string text_of(const tell_request& is);
std::string text_of(const hear_request& is);
std::string text_of(const peer_answer& is);
std::string text_of(const peer_refusal& is);

}  // namespace falconer::carrier

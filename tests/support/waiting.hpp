// How a test waits: for a condition, and never for a time.
#pragma once

#include <asio/io_context.hpp>

#include <chrono>

namespace falconer::test {

/// How long what must happen may take: on a machine that does much else beside.
inline constexpr std::chrono::seconds patience{60};

/// Lets `loop` work until `met`, or until the limit has passed in real time. A shorter limit is
/// only for what must not happen. `turn`: how long it works between two looks.
template <class Condition>
bool eventually(
    asio::io_context& loop, Condition met, std::chrono::milliseconds limit = patience,
    std::chrono::milliseconds turn = std::chrono::milliseconds(1)
) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!met() && std::chrono::steady_clock::now() < end) {
        loop.restart();
        loop.run_for(turn);
    }
    return met();
}

}  // namespace falconer::test

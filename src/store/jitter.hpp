// What keeps many who wait for the same from coming back in the same instant.
#pragma once

#include <chrono>
#include <random>

namespace falconer::store {

/// Between half of the pause and all of it, evenly.
inline std::chrono::milliseconds jittered(std::chrono::milliseconds pause) {
    thread_local std::minstd_rand               numbers{std::random_device{}()};
    std::uniform_int_distribution<std::int64_t> within(pause.count() / 2, pause.count());
    return std::chrono::milliseconds(within(numbers));
}

}  // namespace falconer::store

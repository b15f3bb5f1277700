// What spreads the work of many processes over time.
#pragma once

#include <random>

namespace falconer::app {

/// Evenly between 0 and 1.
inline double chance() {
    thread_local std::minstd_rand    numbers{std::random_device{}()};
    std::uniform_real_distribution<> evenly{0, 1};
    return evenly(numbers);
}

}  // namespace falconer::app

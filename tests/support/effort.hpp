// What a piece of work costs, whatever else the machine does.
#pragma once

#include <ctime>

#include <chrono>

namespace falconer::test {

/// The time that this thread has computed for while `work` ran: neither waiting nor the turns of
/// others count. Tests compare one with another, never with a number of seconds: machines differ.
template <class Work>
std::chrono::nanoseconds effort_of(Work work) {
    const auto spent = [] {
        std::timespec is{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &is);
        return std::chrono::seconds(is.tv_sec) + std::chrono::nanoseconds(is.tv_nsec);
    };
    const auto before = spent();
    work();
    return spent() - before;
}

}  // namespace falconer::test

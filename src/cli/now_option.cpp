#include "now_option.hpp"

#include "falconer/rfc3339.hpp"

#include <chrono>
#include <variant>

namespace falconer::cli {

result<utc_time> read_now(const std::string& option) {
    if (option.empty()) return std::chrono::system_clock::now();
    const auto at = parse_rfc3339(option);
    if (const auto* const why = std::get_if<const char*>(&at))
        return failure{errc::malformed, std::string("--now ") + *why};
    const auto time = std::get<event_time>(at);
    // The system's clock, in nanoseconds, ends in 2262.
    constexpr std::int64_t last = 9'000'000'000;
    if (time.seconds > last) return failure{errc::malformed, "--now lies beyond the year 2255"};
    return utc_time(std::chrono::seconds(time.seconds) + std::chrono::nanoseconds(time.nanos));
}

}  // namespace falconer::cli

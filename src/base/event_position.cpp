#include "falconer/ports/event_queries.hpp"

#include <charconv>

namespace falconer {

std::string event_position::text() const {
    const auto micros = std::chrono::floor<std::chrono::microseconds>(received).time_since_epoch();
    return id.text() + '.' + std::to_string(micros.count()) + '.' + cluster;
}

std::optional<event_position> event_position::parse(std::string_view text) {
    constexpr std::size_t uuid_size = 36, digest_size = 16;
    if (text.size() < uuid_size + digest_size + 3) return std::nullopt;
    const auto id     = uuid::parse(text.substr(0, uuid_size));
    const auto digest = text.substr(text.size() - digest_size);
    auto       middle = text.substr(uuid_size, text.size() - uuid_size - digest_size);
    if (!id || digest.find_first_not_of("0123456789abcdef") != digest.npos) return std::nullopt;
    if (!middle.starts_with('.') || !middle.ends_with('.')) return std::nullopt;
    middle                  = middle.substr(1, middle.size() - 2);
    std::int64_t micros     = 0;
    const auto*  end        = middle.data() + middle.size();
    const auto [at, wrong]  = std::from_chars(middle.data(), end, micros);
    constexpr std::int64_t year_2262 = 9'223'372'036'854'775;  // the last that utc_time can say
    if (wrong != std::errc{} || at != end || micros < 0 || micros > year_2262) return std::nullopt;
    return event_position{utc_time{std::chrono::microseconds{micros}}, *id, std::string(digest)};
}

}  // namespace falconer

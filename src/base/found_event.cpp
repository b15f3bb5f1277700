#include "falconer/ports/event_queries.hpp"

#include <algorithm>
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
    middle                           = middle.substr(1, middle.size() - 2);
    std::int64_t micros              = 0;
    const auto*  end                 = middle.data() + middle.size();
    const auto [at, wrong]           = std::from_chars(middle.data(), end, micros);
    constexpr std::int64_t year_2262 = 9'223'372'036'854'775;  // the last that utc_time can say
    if (wrong != std::errc{} || at != end || micros < 0 || micros > year_2262) return std::nullopt;
    return event_position{utc_time{std::chrono::microseconds{micros}}, *id, std::string(digest)};
}

event_contents::event_contents(const found_event& of) {
    if (auto read = parse_json(of.output_fields)) fields_ = std::move(*read);
    if (!of.tags.empty())
        if (const auto read = parse_json(of.tags))
            for (const auto& each : read->items())
                if (const auto* text = each.text()) tags_.push_back(*text);
    const auto view = [](const std::optional<std::string>& text) {
        return text ? std::optional<std::string_view>(*text) : std::nullopt;
    };
    subject_ = {
        .id        = of.at.id,
        .time      = of.time,
        .received  = of.at.received,
        .level     = of.level,
        .flags     = of.flags,
        .rule      = of.rule,
        .identity  = of.cluster.identity,
        .project   = view(of.cluster.project),
        .shoot     = view(of.cluster.name),
        .landscape = view(of.cluster.landscape),
        .host      = view(of.hostname),
        .source    = view(of.source),
        .output    = view(of.output),
        .tags      = tags_,
        .fields    = &fields_,
    };
}

bool may_see(const readable_clusters& who, const cluster_name& what) {
    if (who.everything) return true;
    if (!what.project || std::ranges::find(who.projects, *what.project) == who.projects.end())
        return false;
    if (!who.landscape.empty() && what.landscape != who.landscape) return false;
    const auto begun = who.begun.find(*what.project);
    return begun == who.begun.end() || (what.first_seen && *what.first_seen >= begun->second);
}

}  // namespace falconer

#include "search_parameters.hpp"

#include <charconv>

namespace falconer::console {
namespace {

utc_time utc_of(event_time t) {
    constexpr std::int64_t most =
        9'000'000'000;  // utc_time ends in 2262, and nothing is received by then
    return utc_time{std::chrono::seconds{std::min(t.seconds, most)}} +
           std::chrono::nanoseconds{t.nanos};
}

/// Nothing given: true, and `into` stays empty.
bool read_time(
    const address& where, std::string_view name, utc_time now, std::optional<utc_time>& into
) {
    const auto text = where.find(name);
    if (!text || text->empty()) return true;
    const auto is = filter::parse_moment(*text, now);
    if (is) into = utc_of(is->from);
    return is.has_value();
}

}  // namespace

std::variant<event_search, problem> search_of(
    const address& where, const readable_clusters& who, utc_time now
) {
    event_search search{.who = who};
    auto         parsed = filter::parse(where.text("q"), now);
    if (const auto* wrong = std::get_if<filter::mistake>(&parsed))
        return problem{
            .kind      = "filter",
            .title     = "The filter cannot be read",
            .detail    = wrong->what,
            .parameter = "q",
            .column    = wrong->column,
            .length    = wrong->length
        };
    search.what = std::move(std::get<filter::node_ptr>(parsed));
    for (const auto& [name, into] :
         {std::pair{"since", &search.when.since}, std::pair{"until", &search.when.until}})
        if (!read_time(where, name, now, *into))
            return wrong_parameter(
                name, "expected a time such as 2026-11-30T02:00:00Z, 2026-11-30 or -24h"
            );
    return search;
}

std::variant<std::size_t, problem> number_of(
    const address& where, std::string_view name, std::size_t otherwise, std::size_t least,
    std::size_t most
) {
    const auto text = where.find(name);
    if (!text) return otherwise;
    std::size_t value      = 0;
    const auto* end        = text->data() + text->size();
    const auto [at, wrong] = std::from_chars(text->data(), end, value);
    if (wrong != std::errc{} || at != end || value < least || value > most)
        return wrong_parameter(
            std::string(name),
            "expected a number from " + std::to_string(least) + " to " + std::to_string(most)
        );
    return value;
}

std::variant<bounded_search, problem> bounded_search_of(
    const address& where, const readable_clusters& who, utc_time now, std::string_view name,
    std::size_t otherwise, std::size_t most
) {
    auto search = search_of(where, who, now);
    if (auto* wrong = std::get_if<problem>(&search)) return std::move(*wrong);
    auto number = number_of(where, name, otherwise, 1, most);
    if (auto* wrong = std::get_if<problem>(&number)) return std::move(*wrong);
    return bounded_search{
        .search = std::move(std::get<event_search>(search)), .most = std::get<std::size_t>(number)
    };
}

}  // namespace falconer::console

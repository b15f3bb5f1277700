// What a request's parameters ask for.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "wire.hpp"

#include <string_view>
#include <variant>

namespace falconer::console {

/// `q`, `since` and `until`. `who` and `now` are the asker's.
std::variant<event_search, problem> search_of(
    const address& where, const readable_clusters& who, utc_time now
);

/// A number between; nothing given: `otherwise`.
std::variant<std::size_t, problem> number_of(
    const address& where, std::string_view name, std::size_t otherwise, std::size_t least,
    std::size_t most
);

/// A search, and how much of what it finds is asked for.
struct bounded_search {
    event_search search{};
    std::size_t  most = 0;
};

/// A search and a number from 1 on, whose parameter is called `name`; nothing given: `otherwise`.
/// `who` and `now` are the asker's.
std::variant<bounded_search, problem> bounded_search_of(
    const address& where, const readable_clusters& who, utc_time now, std::string_view name,
    std::size_t otherwise, std::size_t most
);

}  // namespace falconer::console

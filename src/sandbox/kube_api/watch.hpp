// One watch of a sandbox API: what has happened since a version, and what happens from there on.
#pragma once

#include "falconer/net/http_message.hpp"
#include "falconer/time_source.hpp"
#include "selector.hpp"
#include "store.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace falconer::sandbox {

struct api_watch_options {
    std::string               namespace_name{};  // empty: all
    api_selector              selector{};
    std::uint64_t             from             = 0;
    bool                      from_here        = false;  // tell first what there is
    bool                      table            = false;  // as kubectl prints it
    bool                      bookmarks        = false;
    bool                      initial_bookmark = false;  // after what there was
    std::chrono::milliseconds limit{0};
    std::chrono::milliseconds bookmark{30'000};
};

/// Lifetime: `store` and `time` outlive it.
std::shared_ptr<net::http_stream> make_watch(
    time_source& time, api_store& store, const api_type& type, api_watch_options opt
);

}  // namespace falconer::sandbox

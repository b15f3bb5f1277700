// Whether a filter can find an event of which no more is known than its rule, cluster and priority.
#pragma once

#include "falconer/event.hpp"
#include "falconer/filter.hpp"
#include "falconer/ports/event_queries.hpp"

#include <string>

namespace falconer::alerts {

/// What a batch tells of its events without their being read.
struct event_kind {
    cluster_name cluster{};
    std::string  rule{};
    priority     level = priority::debug;
};

/// False only where filter::matches() is false of every such event. Pure.
bool is_possible(const filter::node& what, const event_kind& of);

}  // namespace falconer::alerts

// Each connection is a file descriptor, and so is each file: who may have how many.
#pragma once

#include "falconer/result.hpp"

#include <cstdint>
#include <string>

namespace falconer::app {

/// To the hard limit: the usual soft one of 1024 is meant for programs that use select().
void raise_descriptor_limit();

/// What this process may have open.
std::uint64_t descriptor_limit();

struct descriptor_wishes {
    std::size_t ingest     = 0;  // connections
    std::size_t admission  = 0;  // connections
    std::size_t kubernetes = 0;  // requests to API servers, and whoever else is few
};

/// So that whoever comes from outside, in whatever number, leaves enough for the store, the spool
/// and the probes.
struct descriptor_plan {
    std::uint64_t limit  = 0;
    std::size_t   kept   = 0;  // for the store, the spool, API servers, files that are read again
    std::size_t   probes = 0;  // connections of each of health and metrics
    std::size_t   ingest = 0;  // connections, at most as wished for
    std::size_t   admission = 0;
};

/// Pure.
/// Errors : overloaded  the limit is too low to work with; says what to do
result<descriptor_plan> plan_descriptors(std::uint64_t limit, const descriptor_wishes& wishes);

}  // namespace falconer::app

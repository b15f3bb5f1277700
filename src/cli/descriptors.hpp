// Each connection is a file descriptor.
#pragma once

#include <sys/resource.h>

namespace falconer::cli {

/// To the hard limit: the usual soft one of 1024 is meant for programs that use select().
inline void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace falconer::cli

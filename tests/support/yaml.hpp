// Values as a test writes them.
#pragma once

#include "falconer/value.hpp"

#include <gtest/gtest.h>

namespace falconer::testing {

/// Of one document; a failed expectation when it is none.
inline value yaml(std::string_view text) {
    auto read = parse_yaml(text);
    if (read) return std::move(*read);
    ADD_FAILURE() << read.error().detail << " in\n" << text;
    return {};
}

}  // namespace falconer::testing

// What a value means for the field it was written behind.
#pragma once

#include "scanner.hpp"

namespace falconer::filter {

/// `field:value`. Throws `wrong`.
node test_of(const field& where, const written& value, utc_time now);

/// `field>=value` and its kin. Throws `wrong`.
node order_of(const field& where, const scanner::head& head, const written& value, utc_time now);

}  // namespace falconer::filter

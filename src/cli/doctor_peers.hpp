// The ingestors that a controller tells and asks, as `falconer doctor` sees them.
#pragma once

#include "app/configuration.hpp"
#include "doctor_report.hpp"

namespace falconer::cli {

/// Of each whether it is reached and answers controllers. It is asked without a token, which it
/// refuses: nothing is told, and no reign begins.
void look_at_peers(doctor_report& out, const app::configuration& how);

}  // namespace falconer::cli

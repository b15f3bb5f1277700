// What `falconer doctor` says of whom alerts are told to.
#pragma once

#include "app/alerts_configuration.hpp"
#include "doctor_report.hpp"

namespace falconer::cli {

/// Whether the files of receivers can be read; nobody is called. What is in them is not said.
void look_at_alerts(doctor_report& out, const app::alerts_configuration& how);

}  // namespace falconer::cli

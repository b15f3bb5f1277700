#include "doctor_alerts.hpp"

#include "falconer/read_file.hpp"

namespace falconer::cli {

void look_at_alerts(doctor_report& out, const app::alerts_configuration& how) {
    if (!how.enabled) return out.doubt("alerts", "are switched off: nobody is told of anything");
    bool good = true;
    for (const auto& [whose, file] : how.files()) {
        const auto text = read_file(file);
        if (text && !text->empty()) continue;
        good = false;
        out.bad("alerts", whose + ": " + file + ": " + (text ? "is empty" : text.error().detail));
    }
    if (how.receivers.empty())
        return out.doubt("alerts", "there are no receivers: nobody is told of anything");
    if (good)
        out.good(
            "alerts", std::to_string(how.rules.size()) + " rules of the configuration, " +
                          std::to_string(how.receivers.size()) + " receivers"
        );
}

}  // namespace falconer::cli

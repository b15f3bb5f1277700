// Why an alert is not told for now: silences, inhibition, calendars.
#pragma once

#include "alert_book.hpp"
#include "falconer/alerts/silence.hpp"

#include <string>
#include <vector>

namespace falconer::alerts {

enum class hush : std::uint8_t { none, silenced, inhibited, off_hours };
std::string_view name_of(hush h) noexcept;

/// Silences, their filters ready.
class silence_set {
public:
    silence_set() = default;
    silence_set(std::vector<silence> all, utc_time now);

    /// The one in force that finds it; null: none does.
    const silence* covering(const kept_alert& alert, utc_time now) const;

private:
    struct ready {
        silence          of{};
        filter::node_ptr what{};
    };
    std::vector<ready> all_;
};

/// Pure.
hush hush_of(
    const kept_alert& alert, const ready_rule& rule, const rule_set& rules, const alert_book& book,
    const silence_set& silences, utc_time now
);

}  // namespace falconer::alerts

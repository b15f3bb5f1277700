#include "hush.hpp"

#include "calendar.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace falconer::alerts {
namespace {

bool is_inhibited(
    const kept_alert& alert, const ready_rule& rule, const rule_set& rules, const alert_book& book
) {
    for (const auto& each : rule.text.inhibited_by) {
        label_set same;
        for (const auto& label : each.equal) {
            const auto is = alert.is.labels.find(label);
            same[label]   = is == alert.is.labels.end() ? std::string() : is->second;
        }
        for (const auto& name : each.rules) {
            const auto* other = rules.named(rule.text.project, name);
            // An alert never keeps itself from being told.
            if (other != nullptr && other != &rule && book.has_active(other->text.id, same))
                return true;
        }
    }
    return false;
}

}  // namespace

std::string_view name_of(hush h) noexcept {
    constexpr std::array<std::string_view, 4> names{"none", "silenced", "inhibited", "off-hours"};
    return names[static_cast<std::size_t>(h)];
}

silence_set::silence_set(std::vector<silence> all, utc_time now) {
    for (auto& each : all) {
        auto parsed = filter::parse(each.what, now);
        // One that cannot be understood hides nothing.
        auto* what = std::get_if<filter::node_ptr>(&parsed);
        if (what != nullptr) all_.push_back({std::move(each), std::move(*what)});
    }
}

const silence* silence_set::covering(const kept_alert& alert, utc_time now) const {
    if (all_.empty() || !alert.sample) return nullptr;
    const event_contents contents(*alert.sample);
    const auto           found = std::ranges::find_if(all_, [&](const ready& each) {
        const auto& of = each.of;
        if (now < of.from || now >= of.until) return false;
        // A project's own silence hushes its own rules, whoever else is told of the same.
        if (!of.project.empty() && of.project != alert.project) return false;
        return !each.what || filter::matches(*each.what, contents.subject());
    });
    return found == all_.end() ? nullptr : &found->of;
}

hush hush_of(
    const kept_alert& alert, const ready_rule& rule, const rule_set& rules, const alert_book& book,
    const silence_set& silences, utc_time now
) {
    if (silences.covering(alert, now) != nullptr) return hush::silenced;
    if (is_inhibited(alert, rule, rules, book)) return hush::inhibited;
    if (!is_told_at(rule.text.times, rule.zone, now, alert.is.most_urgent)) return hush::off_hours;
    return hush::none;
}

}  // namespace falconer::alerts

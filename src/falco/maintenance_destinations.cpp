#include "falconer/falco/maintenance_destinations.hpp"

#include "maintained_place.hpp"
#include "review_case.hpp"
#include "review_defaults.hpp"

#include <algorithm>
#include <utility>

namespace falconer::falco {

settled_destinations settle_destinations(
    const maintained& who, const garden_view& garden, const review_settings& settings, utc_time now
) {
    const bool ours = !who.leaving && who.wanted && who.problems.empty() && who.version &&
                      who.written == config_dialect::current;
    if (!ours) return {};
    const bool            shoot = who.is == maintained_kind::shoot;
    const reviewed_object object{
        .is           = shoot ? extension_class::shoot : extension_class::seed,
        .in_namespace = who.key.namespace_name,
    };
    const std::optional<reviewed_object> none;
    const review_case                    is{
                           .now = object, .before = none, .garden = garden, .settings = settings, .time = now
    };
    service_config config;
    config.falco_version = who.version;
    config.destinations  = who.destinations;
    settled_destinations made;
    auto                 told = settle_in_use(config, is);
    made.lines                = std::move(told.lines);
    made.gone                 = std::move(told.gone);
    made.all                  = std::move(config.destinations).value_or(std::vector<destination>{});
    return made;
}

value with_destinations(value object, const std::vector<destination>& all) {
    service_config config;
    config.destinations = all;
    auto       written  = encode(config);
    const auto at       = place_of_ours(object);
    object["spec"]["extensions"].item(*at)["providerConfig"]["destinations"] =
        std::move(written["destinations"]);
    return object;
}

utc_time moment_to_settle(const maintained& who, utc_time since, utc_time now) {
    const auto span = who.window.open_or_next(std::max(since, now));
    return moment_in(span, std::max(since, span.begin), who.uid);
}

maintenance_note note_of_destinations(
    const maintained& before, const std::vector<std::string>& lines
) {
    maintenance_note note{
        .reason = "FalcoDestinationsChanged", .once = std::to_string(before.generation)
    };
    for (const auto& each : lines) note.message += (note.message.empty() ? "" : "; ") + each;
    note.message.insert(0, "Destinations in the config of Falco: ");
    return note;
}

std::vector<std::string> settled_by_others(
    const std::vector<std::string>& before, const std::vector<std::string>& after
) {
    std::vector<std::string> gone;
    for (const auto& each : before)
        if (std::ranges::find(after, each) == after.end()) gone.push_back(each);
    return gone;
}

}  // namespace falconer::falco

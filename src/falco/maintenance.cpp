#include "falconer/falco/maintenance.hpp"

#include "maintained_place.hpp"
#include "version_ends.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace falconer::falco {
namespace {

constexpr std::string_view our_type = "shoot-falco-service";

/// Several operations may stand there at once. Source: gardener/gardener, docs/usage/
/// shoot-operations; one alone is all that older ones know.
bool asks_for_maintenance(const value& object) {
    auto said = object.text_at({"metadata", "annotations", "gardener.cloud/operation"});
    while (!said.empty()) {
        const auto end = std::min(said.find(';'), said.size());
        auto       one = said.substr(0, end);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (one == "maintain") return true;
        said.remove_prefix(std::min(end + 1, said.size()));
    }
    return false;
}

void copy_if_there(
    const value& from, value& to, std::string_view part, std::initializer_list<const char*> keys
) {
    const auto* const has = from.find(part);
    if (has == nullptr) return;
    for (const auto* key : keys)
        if (const auto* found = has->find(key)) to[part][key] = *found;
}

bool is_maintained(const maintained& who) {
    return !who.leaving && who.wanted && who.problems.empty() && who.version;
}

/// The first span of `window` that begins at `since` or later, and is not over at `now`.
window_span after_notice(const maintenance_window& window, utc_time since, utc_time now) {
    const auto span = window.open_or_next(now);
    return span.begin >= since ? span : window.next_begin(std::max(since, now));
}

/// What cannot is left to whoever reads the whole config, and tells its owner.
bool can_be_read(const value& destinations) {
    const value config{
        {"apiVersion", config_api_version}, {"kind", config_kind}, {"destinations", destinations}
    };
    return decode_service_config(config, {}).problems.empty();
}

/// GEP-27's words. Source: its API; docs/user-guide.md.
constexpr std::array gep27_keys{"resources", "gardener", "falcoctl", "customWebhook"};

}  // namespace

std::optional<std::size_t> place_of_ours(const value& object) {
    const auto* const list = object.find_path({"spec", "extensions"});
    if (list == nullptr) return std::nullopt;
    const auto& all   = list->items();
    const auto  found = std::ranges::find_if(all, [](const value& each) {
        return each.text_at({"type"}) == our_type;
    });
    if (found == all.end()) return std::nullopt;
    return static_cast<std::size_t>(found - all.begin());
}

const kube_type& type_of(maintained_kind kind) noexcept {
    static const kube_type shoots{
        .group = "core.gardener.cloud", .version = "v1beta1", .kind = "Shoot", .plural = "shoots"
    };
    static const kube_type seeds{
        .group      = "core.gardener.cloud",
        .version    = "v1beta1",
        .kind       = "Seed",
        .plural     = "seeds",
        .namespaced = false
    };
    return kind == maintained_kind::shoot ? shoots : seeds;
}

maintained read_maintained(
    const value& object, maintained_kind kind, const maintenance_window& of_seeds
) {
    maintained who;
    who.is      = kind;
    who.key     = key_of(object);
    who.uid     = object.text_at({"metadata", "uid"});
    who.leaving = !object.text_at({"metadata", "deletionTimestamp"}).empty();
    who.asked   = asks_for_maintenance(object);
    if (const auto* is = object.find_path({"metadata", "generation"}))
        who.generation = is->integer().value_or(0);
    if (kind == maintained_kind::seed)
        who.window = of_seeds;
    else
        who.window = effective_window(
                         object.text_at({"spec", "maintenance", "timeWindow", "begin"}),
                         object.text_at({"spec", "maintenance", "timeWindow", "end"})
        )
                         .value_or(maintenance_window{});

    const auto at = place_of_ours(object);
    if (!at) return who;
    const auto&       entry = object.find_path({"spec", "extensions"})->items()[*at];
    const auto* const off   = entry.find("disabled");
    who.wanted              = off == nullptr || off->boolean() != true;
    const auto* const said  = entry.find("providerConfig");
    const auto        path  = "spec.extensions[" + std::to_string(*at) + "].providerConfig";
    auto              read  = decode_service_config(said == nullptr ? value() : *said, path);
    who.problems            = std::move(read.problems);
    who.version             = std::move(read.config.falco_version);
    if (read.config.auto_update == false) who.automatically = auto_update::off;
    who.written      = read.config.written;
    who.destinations = std::move(read.config.destinations);
    return who;
}

value reduced_maintained(const value& object) {
    value made = value::map();
    copy_if_there(
        object, made, "metadata", {"name", "namespace", "uid", "generation", "deletionTimestamp"}
    );
    if (const auto said = object.text_at({"metadata", "annotations", "gardener.cloud/operation"});
        !said.empty())
        made["metadata"]["annotations"]["gardener.cloud/operation"] = said;
    if (const auto* spec = object.find("spec")) {
        value kept = value::map();
        copy_if_there(*spec, kept, "maintenance", {"timeWindow"});
        made["spec"] = std::move(kept);
    }
    const auto at = place_of_ours(object);
    if (!at) return made;
    const auto& entry = object.find_path({"spec", "extensions"})->items()[*at];
    value       ours{{"type", our_type}};
    if (const auto* off = entry.find("disabled")) ours["disabled"] = *off;
    copy_if_there(
        entry, ours, "providerConfig",
        {"apiVersion", "kind", "falcoVersion", "autoUpdate", "falcoAutoUpdate"}
    );
    if (const auto* config = entry.find("providerConfig")) {
        const bool gep27 = std::ranges::any_of(gep27_keys, [&](const char* key) {
            return config->find(key) != nullptr;
        });
        // Which form it is written in shows, without what stands in it.
        if (gep27)
            ours["providerConfig"]["gardener"] = value::map();
        else if (const auto* all = config->find("destinations"); all && can_be_read(*all))
            ours["providerConfig"]["destinations"] = *all;
    }
    made["spec"]["extensions"].push_back(std::move(ours));
    return made;
}

value with_version(value object, const std::string& version) {
    const auto at = place_of_ours(object);
    object["spec"]["extensions"].item(*at)["providerConfig"]["falcoVersion"] = version;
    return object;
}

version_move move_now(const maintained& who, const offered_versions& offered, utc_time now) {
    const auto stays = [](const char* why) {
        return version_move{version_move::action::none, {}, why};
    };
    if (who.leaving) return stays("it is being deleted");
    if (!who.wanted) return stays("it does not ask for Falco");
    if (!who.problems.empty()) return stays("its config cannot be read");
    if (!who.version) return stays("it names no version");
    return plan_version(offered, *who.version, who.automatically, now);
}

maintenance_plan plan_maintenance(
    const maintained& who, const offered_versions& offered, const maintenance_past& past,
    utc_time now, std::chrono::hours ahead
) {
    maintenance_plan plan;
    plan.move = move_now(who, offered, now);
    if (!is_maintained(who)) return plan;
    const auto ends = end_of(offered, *who.version, past.withdrawn);
    const bool gone = !ends.open && ends.at <= now;
    if (!ends.open && ends.at > now) plan.look_again = ends.at;

    if (plan.move.what == version_move::action::automatic) {
        plan.window = who.window.open_or_next(now);
    } else if (gone || (!ends.open && ends.at - now <= ahead)) {
        plan.window = after_notice(who.window, ends.at, now);
    } else {
        // It becomes worth announcing by itself.
        if (!ends.open && ends.at - ahead > now) plan.look_again = ends.at - ahead;
        return plan;
    }
    plan.due = moment_in(plan.window, std::max(past.wanted_since, plan.window.begin), who.uid);
    if (plan.move.what == version_move::action::automatic) return plan;
    // Versions come to their ends meanwhile, ours and the one to move to.
    plan.move          = plan_version(offered, *who.version, who.automatically, *plan.due);
    plan.nowhere_to_go = !plan.move.target;
    return plan;
}

}  // namespace falconer::falco

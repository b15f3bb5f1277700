#include "review_defaults.hpp"

#include "destinations.hpp"
#include "falconer/falco/service_check.hpp"
#include "falconer/falco/version_policy.hpp"
#include "falconer/spelling.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace falconer::falco {
namespace {

using names = std::vector<std::string>;

/// One call settles one config. What it has to tell is only collected.
class settler {
public:
    /// `had`: the destinations that were in use before; nothing: the object is a new one.
    settler(service_config& config, const review_case& is, std::optional<names> had)
        : config_(config), is_(is), had_(std::move(had)) {}

    std::vector<std::string> settle() && {
        // GEP-27's dialect has no destinations.
        const bool current = config_.written == config_dialect::current;
        if (current) drop_stale();
        fill();
        if (current && !opted_out()) add_globals();
        return std::move(warnings_);
    }

private:
    void warn(std::string what) {
        // On a new object all of it is new.
        if (had_) warnings_.push_back(std::move(what));
    }

    /// Only what was there before: a name that nobody knows and that comes now is a mistake.
    void drop_stale() {
        if (!config_.destinations || !had_) return;
        std::erase_if(*config_.destinations, [&](const destination& each) {
            const bool stale = std::ranges::find(*had_, each.name) != had_->end() &&
                               is_stranger(each, is_.settings.operators);
            if (stale)
                warn(
                    described(value(each.name)) + " is taken away: the landscape has it no longer"
                );
            return stale;
        });
    }

    void fill() {
        service_defaults defaults{.destination = is_.default_destination()};
        if (const auto* newest = newest_supported(is_.garden.offered().falco, is_.time))
            defaults.falco_version = newest->version;
        fill_defaults(config_, defaults);
    }

    bool opted_out() const {
        if (is_.now.is != extension_class::shoot) return false;
        const auto says_so = [](const value* object) {
            return object != nullptr &&
                   object->text_at({"metadata", "annotations", skip_defaults_annotation}) == "true";
        };
        return says_so(is_.garden.namespace_named(is_.now.in_namespace)) ||
               says_so(is_.garden.project_of(is_.now.in_namespace));
    }

    /// The enabled destination that has the output already; null: it is free.
    const destination* holder_of(std::string_view output) const {
        for (const auto& each : *config_.destinations) {
            const auto* kind = find_destination(each.name);
            if (each.is_enabled() && kind != nullptr && kind->key == output) return &each;
        }
        return nullptr;
    }

    void add_globals() {
        for (const auto& global : is_.settings.operators.global_defaults) {
            auto& all = *config_.destinations;
            if (std::ranges::find(all, global.name, &destination::name) != all.end()) continue;
            destination fresh{.name = global.name};
            auto what = described(value(global.name)) + ", which the landscape wants, is added";
            if (const auto* holder = holder_of(global.key)) {
                fresh.enabled  = false;
                what          += " but disabled: " + holder->name + " has its output " + global.key;
            } else {
                what += "; \"enabled: false\" turns it off";
            }
            all.push_back(std::move(fresh));
            warn(std::move(what));
        }
    }

    service_config&          config_;
    const review_case&       is_;
    std::optional<names>     had_;
    std::vector<std::string> warnings_{};
};

}  // namespace

std::vector<std::string> settle_config(
    service_config& config, const review_case& is, const std::string& path
) {
    std::optional<names> had;
    if (is.before) had = is.destinations_before();
    auto said = settler(config, is, std::move(had)).settle();
    for (auto& each : said) each.insert(0, path + ".destinations: ");
    return said;
}

std::vector<std::string> settle_in_use(service_config& config, const review_case& is) {
    names had;
    if (config.destinations)
        for (const auto& each : *config.destinations) had.push_back(each.name);
    return settler(config, is, std::move(had)).settle();
}

}  // namespace falconer::falco

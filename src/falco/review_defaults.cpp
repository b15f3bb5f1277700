#include "review_defaults.hpp"

#include "destinations.hpp"
#include "falconer/falco/service_check.hpp"
#include "falconer/falco/version_policy.hpp"
#include "falconer/spelling.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace falconer::falco {
namespace {

using names = std::vector<std::string>;

/// Who settles a config: the review of somebody who begins to use Falco, that of an update by
/// somebody who uses it already, or maintenance, in its window.
enum class occasion : std::uint8_t { first_use, update, window };

/// One call settles one config. What it has to tell is only collected.
class settler {
public:
    /// `had`: the destinations that were in use before.
    settler(service_config& config, const review_case& is, occasion when, names had)
        : config_(config), is_(is), when_(when), had_(std::move(had)) {}

    settled_in_use settle() && {
        // GEP-27's dialect has no destinations.
        const bool current = config_.written == config_dialect::current;
        if (current) drop_stale();
        fill();
        if (current && !opted_out()) add_globals();
        return std::move(told_);
    }

private:
    void tell(std::string what) {
        // At the first use all of it is new.
        if (when_ != occasion::first_use) told_.lines.push_back(std::move(what));
    }

    /// Only what was there before: a name that nobody knows and that comes now is a mistake.
    void drop_stale() {
        if (!config_.destinations) return;
        std::erase_if(*config_.destinations, [&](const destination& each) {
            const bool stale = std::ranges::find(had_, each.name) != had_.end() &&
                               is_stranger(each, is_.settings.operators);
            if (stale) {
                tell(
                    described(value(each.name)) + " is taken away: the landscape has it no longer"
                );
                told_.gone.push_back(told_.lines.back());
            }
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
        const bool now = when_ != occasion::update;
        for (const auto& global : is_.settings.operators.global_defaults) {
            auto& all = *config_.destinations;
            if (std::ranges::find(all, global.name, &destination::name) != all.end()) continue;
            destination fresh{.name = global.name};
            auto        what  = described(value(global.name)) + ", which the landscape wants, ";
            what             += now ? "is added" : "comes in the next maintenance window";
            if (const auto* holder = holder_of(global.key)) {
                fresh.enabled  = false;
                what          += now ? " but disabled: " : ", disabled: ";
                what          += holder->name + " has its output " + global.key;
            } else {
                what += now ? "; \"enabled: false\" turns it off"
                            : "; an entry of that name with \"enabled: false\" keeps it off";
            }
            if (now) all.push_back(std::move(fresh));
            tell(std::move(what));
        }
    }

    service_config&    config_;
    const review_case& is_;
    occasion           when_;
    names              had_;
    settled_in_use     told_{};
};

}  // namespace

std::vector<std::string> settle_config(
    service_config& config, const review_case& is, const std::string& path
) {
    const auto when = is.config_before() != nullptr ? occasion::update : occasion::first_use;
    auto       said = settler(config, is, when, is.destinations_before()).settle().lines;
    for (auto& each : said) each.insert(0, path + ".destinations: ");
    return said;
}

settled_in_use settle_in_use(service_config& config, const review_case& is) {
    names had;
    if (config.destinations)
        for (const auto& each : *config.destinations) had.push_back(each.name);
    return settler(config, is, occasion::window, std::move(had)).settle();
}

}  // namespace falconer::falco

#include "review_defaults.hpp"

#include "destinations.hpp"
#include "falconer/falco/service_check.hpp"
#include "falconer/falco/version_policy.hpp"
#include "falconer/spelling.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

/// One call settles one config. Before and after it every warning is only collected.
class settler {
public:
    settler(service_config& config, const review_case& is, const std::string& path)
        : config_(config), is_(is), path_(path + ".destinations: ") {}

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
        if (is_.before) warnings_.push_back(path_ + std::move(what));
    }

    /// Only what was there before: a name that nobody knows and that comes now is a mistake.
    void drop_stale() {
        if (!config_.destinations) return;
        const auto before = is_.destinations_before();
        std::erase_if(*config_.destinations, [&](const destination& each) {
            const bool stale = std::ranges::find(before, each.name) != before.end() &&
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
    std::string              path_;
    std::vector<std::string> warnings_{};
};

}  // namespace

std::vector<std::string> settle_config(
    service_config& config, const review_case& is, const std::string& path
) {
    return settler(config, is, path).settle();
}

}  // namespace falconer::falco

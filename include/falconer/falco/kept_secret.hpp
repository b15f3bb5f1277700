// A Secret that keeps, from one reconcile to the next, what must not be made anew.
#pragma once

#include "falconer/log.hpp"

#include <map>
#include <string>

namespace falconer::falco {

struct kept_secret {
    std::map<std::string, std::string> labels{};
    std::map<std::string, secret>      data{};  // decoded
    /// Of one that is there already it cannot be changed: an API server refuses that.
    std::string type = "Opaque";

    /// A label and its value that make gardenlet carry the Secret over in a migration. Source:
    /// Gardener's pkg/utils/gardener/shootstate.
    static constexpr auto persist_label = "persist";

    /// The value, or an empty one.
    const secret& at(const std::string& key) const {
        static const secret none;
        const auto          found = data.find(key);
        return found == data.end() ? none : found->second;
    }
};

}  // namespace falconer::falco

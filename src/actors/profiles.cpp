#include "profiles.hpp"

#include <string>
#include <utility>
#include <vector>

namespace falconer::actors {

value without_notes(value object) {
    if (auto* metadata = object.find("metadata")) {
        metadata->erase("managedFields");
        metadata->erase("resourceVersion");
        metadata->erase("uid");
        metadata->erase("creationTimestamp");
        metadata->erase("labels");
    }
    return object;
}

std::shared_ptr<const falco::releases> read_profiles(const object_cache& told) {
    std::vector<falco::falco_profile> profiles;
    std::vector<std::string>          problems;
    told.each([&](const kube_key& key, const value& object) {
        auto decoded = falco::decode_falco_profile(object);
        for (const auto& each : decoded.problems)
            problems.push_back("FalcoProfile " + key.name + ": " + each.text());
        profiles.push_back(std::move(decoded.profile));
    });
    auto merged = std::make_shared<falco::releases>(falco::merge(std::move(profiles)));
    merged->warnings.insert(merged->warnings.end(), problems.begin(), problems.end());
    return merged;
}

}  // namespace falconer::actors

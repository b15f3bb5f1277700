#include "extension_labels.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

void label_extensions(const kube_type& type, value& object) {
    constexpr std::string_view prefix = "extensions.extensions.gardener.cloud/";
    if (type.group != "core.gardener.cloud" || (type.kind != "Shoot" && type.kind != "Seed"))
        return;
    auto& metadata = object["metadata"];
    if (auto* labels = metadata.find("labels")) {
        std::vector<std::string> old;
        for (const auto& each : labels->entries())
            if (std::string_view(each.key).starts_with(prefix)) old.push_back(each.key);
        for (const auto& each : old) labels->erase(each);
    }
    const auto* const extensions = object.find_path({"spec", "extensions"});
    if (extensions == nullptr) return;
    for (const auto& each : extensions->items()) {
        const auto        name     = each.text_at({"type"});
        const auto* const disabled = each.find("disabled");
        if (name.empty() || (disabled != nullptr && disabled->boolean() == true)) continue;
        metadata["labels"][std::string(prefix) + std::string(name)] = "true";
    }
}

}  // namespace falconer::sandbox

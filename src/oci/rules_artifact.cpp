#include "rules_artifact.hpp"

#include "falconer/falco/gunzip.hpp"
#include "falconer/falco/rule_files.hpp"
#include "falconer/value.hpp"
#include "tar.hpp"

namespace falconer::oci {

result<descriptor> rules_layer(const manifest& of) {
    if (of.config.media_type != rules_config_type)
        return failure{
            errc::malformed, "its config is " + described(value(of.config.media_type)) +
                                 ", not that of a Falco rules file"
        };
    if (of.layers.size() != 1)
        return failure{
            errc::malformed, "it has " + std::to_string(of.layers.size()) + " layers, not one"
        };
    const auto& layer = of.layers.front();
    if (layer.media_type != rules_layer_type)
        return failure{
            errc::malformed, "its layer is " + described(value(layer.media_type)) +
                                 ", not that of a Falco rules file"
        };
    if (layer.size > largest_layer)
        return failure{
            errc::too_large, "its layer has " + std::to_string(layer.size) + " bytes, more than " +
                                 std::to_string(largest_layer)
        };
    return layer;
}

result<std::string> rules_in_layer(std::string_view layer, std::string_view file) {
    const auto archive = falco::gunzip(layer, largest_archive);
    if (!archive) return archive.error();
    auto text = file_in_tar(*archive, file, falco::largest_rule_file);
    if (!text) return std::move(text).error();
    if (const auto good = check_yaml(*text); !good)
        return failure{errc::malformed, std::string(file) + " is no YAML: " + good.error().detail};
    return text;
}

}  // namespace falconer::oci

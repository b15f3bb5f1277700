#include "rules_folder_source.hpp"

#include "falconer/value.hpp"
#include "manifest.hpp"
#include "small_files.hpp"

namespace falconer::oci {

task<result<rules_file>> rules_folder_source::fetch(
    std::string artifact, std::string version, std::optional<digest> pin
) {
    co_return read(artifact, version, pin);
}

result<rules_file> rules_folder_source::read(
    const std::string& artifact, const std::string& version, const std::optional<digest>& pin
) const {
    const auto                 folder = folder_ / version;
    std::optional<file_source> recorded;
    if (const auto json = read_small_file(folder / sources_file, largest_manifest)) {
        const auto record = parse_sources(*json);
        if (!record) return failure{record.error()}.while_doing((folder / sources_file).string());
        if (const auto* one = record->find(artifact)) recorded = *one;
    } else if (json.error().code != errc::not_found) {
        return json.error();
    }

    const std::string name(falco::standard_rule_file(artifact));
    const auto        file = folder / name;
    auto              text = read_small_file(file, falco::largest_rule_file);
    if (!text) return std::move(text).error();
    if (const auto good = check_yaml(*text); !good)
        return failure{errc::malformed, file.string() + ": is no YAML: " + good.error().detail};
    if (pin && (!recorded || recorded->manifest != pin))
        return failure{
            errc::malformed,
            file.string() + ": is pinned to " + pin->text() + ", and " +
                (recorded && recorded->manifest ? "comes from " + recorded->manifest->text()
                                                : "nothing says which artifact it comes from")
        };
    if (recorded) {
        if (auto same = verify(*text, recorded->is, file.string()); !same)
            return std::move(same).error();
    }
    rules_file got;
    got.where.artifact = artifact;
    got.where.file     = name;
    got.where.is       = digest::of(*text);
    got.where.bytes    = text->size();
    got.where.from     = recorded ? recorded->from : file.string();
    if (recorded) {
        got.where.manifest = recorded->manifest;
        got.where.layer    = recorded->layer;
    }
    got.text = std::move(*text);
    return got;
}

}  // namespace falconer::oci

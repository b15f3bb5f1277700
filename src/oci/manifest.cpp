#include "manifest.hpp"

#include "falconer/value.hpp"

#include <algorithm>

namespace falconer::oci {
namespace {

constexpr std::size_t most_entries = 1000;

failure bad(const std::string& why) {
    return {errc::malformed, why};
}

result<descriptor> read_descriptor(const value& from, const std::string& where) {
    if (!from.is_map()) return bad(where + " is " + described(from) + ", not a descriptor");
    auto named = digest::parse(from.text_at({"digest"}));
    if (!named) return std::move(named).error().while_doing(where);
    const auto* size  = from.find("size");
    const auto  bytes = size != nullptr ? size->integer() : std::nullopt;
    if (!bytes || *bytes < 0) return bad(where + " has no size");
    descriptor is;
    is.media_type = from.text_at({"mediaType"});
    is.is         = std::move(*named);
    is.size       = static_cast<std::uint64_t>(*bytes);
    is.platform   = from.find("platform") != nullptr;
    if (const auto* name = from.find_path({"annotations", "org.opencontainers.image.ref.name"})) {
        is.references = name->is_text();
        is.reference  = name->is_text() ? *name->text() : "";
    }
    return is;
}

result<std::vector<descriptor>> read_list(const value& from, const std::string& key) {
    const auto* list = from.find(key);
    if (list == nullptr || !list->is_list()) return bad("it has no list of " + key);
    if (list->items().size() > most_entries)
        return bad("it has more than " + std::to_string(most_entries) + ' ' + key);
    std::vector<descriptor> all;
    for (const auto& each : list->items()) {
        auto one = read_descriptor(each, key + '[' + std::to_string(all.size()) + ']');
        if (!one) return std::move(one).error();
        all.push_back(std::move(*one));
    }
    return all;
}

result<document> read_manifest(const value& from) {
    const auto* config = from.find("config");
    if (config == nullptr) return bad("it has no config");
    auto described = read_descriptor(*config, "config");
    if (!described) return std::move(described).error();
    auto layers = read_list(from, "layers");
    if (!layers) return std::move(layers).error();
    return document(manifest{.config = std::move(*described), .layers = std::move(*layers)});
}

}  // namespace

result<document> parse_document(std::string_view text, std::string_view media_type) {
    if (text.size() > largest_manifest)
        return failure{errc::too_large, "a manifest of more than a mebibyte"};
    auto read = parse_json(text);
    if (!read) return std::move(read).error();
    const auto* version = read->find("schemaVersion");
    if (version == nullptr || version->integer() != 2) return bad("its schemaVersion is not 2");
    std::string type(read->text_at({"mediaType"}));
    if (type.empty()) type = media_type.substr(0, media_type.find_first_of("; "));
    // What one reader takes for a manifest and another for an index has two contents under one
    // digest. Source: CVE-2021-41190.
    const bool has_layers    = read->find("layers") != nullptr || read->find("config") != nullptr;
    const bool has_manifests = read->find("manifests") != nullptr;
    if (has_layers && has_manifests) return bad("it is a manifest and an index at the same time");
    if (type == manifest_type) return read_manifest(*read);
    if (type != index_type) return bad("its media type is " + described(value(type)));
    auto all = read_list(*read, "manifests");
    if (!all) return std::move(all).error();
    return document(index{.manifests = std::move(*all)});
}

result<descriptor> only_manifest(const index& of) {
    std::vector<descriptor> fit;
    for (const auto& each : of.manifests)
        if (each.media_type == manifest_type && !each.platform) fit.push_back(each);
    if (fit.empty() && of.manifests.size() == 1 && of.manifests[0].media_type == manifest_type)
        fit = of.manifests;
    if (fit.size() == 1) return fit[0];
    return bad(
        "the index has " + std::to_string(fit.size()) + " manifests for all platforms, among " +
        std::to_string(of.manifests.size()) + "; expected one"
    );
}

}  // namespace falconer::oci

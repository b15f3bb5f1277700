#include "rules_source_section.hpp"

#include "oci/rules_artifact.hpp"
#include "oci/url.hpp"

#include <algorithm>

namespace falconer::app {
namespace {

void read_path(yaml_document::reader& in, std::string_view key, std::filesystem::path& into) {
    std::string text;
    in.read(key, text);
    into = text;
}

}  // namespace

void read_rules_source(yaml_document::reader in, rules_feed_options& into) {
    using std::chrono::seconds;
    auto& source = into.source;
    in.read("from", source.from);
    if (source.from.find("://") != std::string::npos) {
        const auto where = oci::parse_url(source.from);
        if (!where) in.complain("from", where.error().detail);
    }
    read_path(in, "cache", into.cache);
    if (!source.from.empty() && into.cache.empty())
        in.complain("cache", "is needed: a folder that keeps what is pulled");
    in.read_duration("every", into.every, seconds(60), seconds(7 * 24 * 3600));
    in.read("artifacts", into.artifacts);
    for (const auto& each : into.artifacts)
        if (std::ranges::find(oci::rules_artifacts, each) == oci::rules_artifacts.end())
            in.complain("artifacts", "there is no artifact '" + each + "' of rules");
    if (into.artifacts.empty()) in.complain("artifacts", "at least one is needed");
    std::vector<std::string> digests;
    in.read("digests", digests);
    for (const auto& each : digests) {
        auto pin = oci::parse_pin(each);
        if (!pin)
            in.complain("digests", pin.error().detail);
        else if (pin->version.empty())
            in.complain("digests", "'" + each + "' names no version");
        else
            into.pins.push_back(std::move(*pin));
    }
    read_path(in, "credentialsFile", source.credentials_file);
    read_path(in, "caFile", source.ca_file);
    in.read("plainHTTP", source.plain_http);
}

}  // namespace falconer::app

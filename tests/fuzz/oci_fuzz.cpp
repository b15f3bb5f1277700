// Fuzzes what a registry sends: manifests, challenges, layers. Nothing that is read from one is
// more than it may be.
#include "falconer/falco/rule_files.hpp"
#include "oci/challenge.hpp"
#include "oci/manifest.hpp"
#include "oci/rules_artifact.hpp"
#include "oci/sources_record.hpp"
#include "oci/tar.hpp"
#include "oci/url.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace falconer::oci;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void try_manifest(std::string_view text) {
    const auto read = parse_document(text, manifest_type);
    if (!read) return;
    if (const auto* is = std::get_if<manifest>(&*read)) {
        const auto layer = rules_layer(*is);
        require(!layer || layer->size <= largest_layer, "a layer of bounded size");
    } else {
        static_cast<void>(only_manifest(std::get<falconer::oci::index>(*read)));
    }
}

void try_url(std::string_view text) {
    const auto where = parse_url(text);
    if (!where) return;
    require(where->target.starts_with('/'), "a target is a path");
    require(where->target.find_first_of("\r\n ") == where->target.npos, "one line, no blanks");
    const auto again = parse_url(where->text());
    require(again && again->text() == where->text(), "one spelling");
}

}  // namespace

/// The first byte chooses what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    constexpr auto         file = "falco_rules.yaml";
    switch (data[0] % 6) {
        case 0: try_manifest(text); break;
        case 1: require(parse_challenges(text).size() <= 16, "few challenges"); break;
        case 2: {
            const auto got = file_in_tar(text, file, 1000);
            require(!got || got->size() <= 1000, "a file of bounded size");
            break;
        }
        case 3: {
            const auto got = rules_in_layer(text, file);
            require(!got || got->size() <= falconer::falco::largest_rule_file, "a bounded file");
            break;
        }
        case 4: {
            const auto record = parse_sources(text);
            if (!record) break;
            const auto again = parse_sources(to_json(*record));
            require(!again || *again == *record, "read back as it was");
            break;
        }
        default: try_url(text); break;
    }
    return 0;
}

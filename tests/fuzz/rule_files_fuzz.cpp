// Fuzzes rule files as ConfigMaps hold them: gzip and its traps (the first byte is 0), or a whole
// ConfigMap (another).
#include "falconer/base64.hpp"
#include "falconer/falco/gunzip.hpp"
#include "falconer/falco/rule_files.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace falconer;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void look_at(const value& config_map) {
    const auto read = falco::read_custom_rules(config_map);
    for (const auto& each : read.problems) {
        require(!each.empty() && each.find('\n') == each.npos, "a problem is one line");
        require(each.size() < 2'000, "a problem is short");
    }
    require(read.files.size() <= falco::most_rule_files, "no more files than may be");
    for (const auto& each : read.files) {
        require(each.name.ends_with(".yaml"), "a file's name is unpacked, too");
        require(each.text.size() <= falco::largest_rule_file, "a file is no larger than it may be");
        require(bool(check_yaml(each.text)), "a file is YAML");
    }
    require(!read.files.empty() || !read.problems.empty(), "nothing is a problem");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] != 0) {
        if (const auto object = parse_json(text)) look_at(*object);
        return 0;
    }
    for (const std::size_t most : {std::size_t{16}, falco::largest_rule_file}) {
        const auto unpacked = falco::gunzip(text, most);
        if (unpacked)
            require(unpacked->size() <= most, "no bomb goes off");
        else
            require(!unpacked.error().detail.empty(), "a refusal says why");
    }
    look_at({{"binaryData", {{"a.yaml.gz", encode_base64(text)}}}});
    return 0;
}

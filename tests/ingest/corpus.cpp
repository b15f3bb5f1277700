#include "ingest/corpus.hpp"

#include "support/json_leaves.hpp"

#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace falconer::ingest {
namespace {

using testing::json_leaves;

std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string text_at(const json_leaves& leaves, const std::string& path) {
    const auto found = leaves.find(path);
    if (found == leaves.end()) return {};
    return found->second.starts_with('"') ? found->second.substr(1) : found->second;
}

std::string sha256(const std::string& bytes) {
    unsigned char digest[32];
    EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, EVP_sha256(), nullptr);
    std::string out;
    for (const unsigned char byte : digest) {
        char hex[3];
        std::snprintf(hex, sizeof hex, "%02x", byte);
        out += hex;
    }
    return out;
}

std::string body_of_recipe(const json_leaves& leaves, const std::string& at) {
    std::string body   = text_at(leaves, at + "/recipe/prefix");
    const auto  repeat = text_at(leaves, at + "/recipe/repeat");
    for (auto left = std::stoul(text_at(leaves, at + "/recipe/count")); left != 0; --left)
        body += repeat;
    body += text_at(leaves, at + "/recipe/suffix");
    if (std::to_string(body.size()) != text_at(leaves, at + "/bytes") ||
        sha256(body) != text_at(leaves, at + "/sha256"))
        throw std::runtime_error("the recipe " + at + " gives another body than promised");
    return body;
}

/// Cases that have been decided anew, by name: the verdict and the flag.
json_leaves overrides_in(const std::filesystem::path& directory) {
    const auto file = directory / "replaced.json";
    if (!std::filesystem::exists(file)) return {};
    const auto leaves = testing::leaves_of(bytes_of(file));
    if (!leaves) throw std::runtime_error("replaced.json is not JSON");
    json_leaves by_name;
    for (std::size_t i = 0; leaves->contains('/' + std::to_string(i)); ++i) {
        const auto at            = '/' + std::to_string(i);
        const auto name          = text_at(*leaves, at + "/file");
        by_name[name + "/class"] = text_at(*leaves, at + "/class");
        by_name[name + "/flag"]  = text_at(*leaves, at + "/flag");
    }
    return by_name;
}

}  // namespace

std::vector<body_case> read_cases(const std::filesystem::path& directory) {
    const auto leaves = testing::leaves_of(bytes_of(directory / "expected.json"));
    if (!leaves) throw std::runtime_error("expected.json is not JSON");

    const auto             overrides = overrides_in(directory);
    std::vector<body_case> out;
    for (std::size_t i = 0; leaves->contains('/' + std::to_string(i)); ++i) {
        const auto at = '/' + std::to_string(i);
        body_case  each{
             .name     = text_at(*leaves, at + "/file"),
             .identity = text_at(*leaves, at + "/identity"),
             .body     = {},
             .verdict  = text_at(*leaves, at + "/class"),
             .about    = text_at(*leaves, at + "/about"),
             .flag     = text_at(*leaves, at + "/flag"),
             .expect   = {},
        };
        if (each.name.empty()) {
            each.name = text_at(*leaves, at + "/name");
            each.body = body_of_recipe(*leaves, at);
        } else {
            each.body = bytes_of(directory / each.name);
        }
        if (const auto verdict = overrides.find(each.name + "/class"); verdict != overrides.end()) {
            each.verdict = verdict->second;
            each.flag    = overrides.at(each.name + "/flag");
            each.about.clear();
        }
        const auto expect = at + "/expect/";
        for (auto leaf = leaves->lower_bound(expect);
             leaf != leaves->end() && leaf->first.starts_with(expect); ++leaf)
            each.expect[leaf->first.substr(expect.size())] = text_at(*leaves, leaf->first);
        out.push_back(std::move(each));
    }
    return out;
}

std::vector<body_case> read_events(const std::filesystem::path& ndjson) {
    std::ifstream in(ndjson, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + ndjson.string());
    std::vector<body_case> out;
    for (std::string line; std::getline(in, line);) {
        const auto leaves = testing::leaves_of(line);
        if (!leaves) throw std::runtime_error("a line is not JSON: " + line);
        out.push_back({
            .name     = ndjson.filename().string() + ':' + std::to_string(out.size() + 1),
            .identity = text_at(*leaves, "/output_fields/cluster_id"),
            .body     = line + '\n',
            .verdict  = "store",
            .about    = {},
            .flag     = {},
            .expect   = {},
        });
    }
    return out;
}

std::filesystem::path own_samples() {
    return "tests/samples";
}

std::optional<std::filesystem::path> shared_corpus() {
    const char* const     named = std::getenv("FALCONER_SHARED_DATA");
    std::filesystem::path where = named != nullptr ? named : "../shared/data/events";
    if (!std::filesystem::is_directory(where)) return std::nullopt;
    return where;
}

std::vector<body_case> all_cases() {
    std::vector<body_case> out;
    const auto             add = [&](const std::filesystem::path& directory, const char* events) {
        for (auto& each : read_events(directory / events)) out.push_back(std::move(each));
        for (auto& each : read_cases(directory / "poison")) out.push_back(std::move(each));
    };
    add(own_samples(), "events.ndjson");
    if (const auto shared = shared_corpus()) add(*shared, "samples.ndjson");
    return out;
}

}  // namespace falconer::ingest

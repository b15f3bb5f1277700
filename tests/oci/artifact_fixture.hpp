// Artifacts of rules as a publisher makes them, and places that serve them.
#pragma once

#include "falconer/falco/rule_files.hpp"
#include "falconer/task.hpp"
#include "falconer/value.hpp"
#include "oci/artifact_source.hpp"
#include "oci/rules_artifact.hpp"
#include "oci/rules_source.hpp"
#include "support/temporary_folder.hpp"

#include <zlib.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

namespace falconer::test {

/// Runs it to its end, on a loop of its own.
template <class T>
T run(task<T> work) {
    asio::io_context loop;
    std::optional<T> got;
    asio::co_spawn(
        loop,
        [](task<T> inner, std::optional<T>& into) -> task<void> {
            auto value = co_await std::move(inner);
            into.emplace(std::move(value));
        }(std::move(work), got),
        [](const std::exception_ptr& thrown) {
            if (thrown) std::rethrow_exception(thrown);
        }
    );
    loop.run();
    return std::move(*got);
}

struct tar_entry {
    std::string name{}, text{};
    char        kind = '0';
    std::string size{};    // octal, instead of the true one
    std::string prefix{};  // ustar's
};

inline std::string tar_header(const tar_entry& entry) {
    std::string header(512, '\0');
    const auto  put = [&](std::size_t at, const std::string& text) {
        header.replace(at, text.size(), text);
    };
    const auto octal = [](std::size_t number, int digits) {
        char text[32];
        std::snprintf(text, sizeof text, "%0*zo", digits, number);
        return std::string(text);
    };
    put(0, entry.name.substr(0, 100));
    put(100, "0000644");
    put(124, entry.size.empty() ? octal(entry.text.size(), 11) : entry.size);
    put(136, octal(0, 11));
    put(148, "        ");
    header[156] = entry.kind;
    put(257, std::string(
                 "ustar\0"
                 "00",
                 8
             ));
    put(345, entry.prefix);
    std::size_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string("\0 ", 2));
    return header;
}

inline std::string tar_of(const std::vector<tar_entry>& entries) {
    std::string archive;
    for (const auto& each : entries) {
        archive += tar_header(each) + each.text;
        archive.append((512 - each.text.size() % 512) % 512, '\0');
    }
    return archive.append(1024, '\0');
}

inline std::string gzip(const std::string& text) {
    z_stream stream{};
    if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in   = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in  = static_cast<uInt>(text.size());
    stream.next_out  = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

struct artifact {
    std::string manifest{}, layer{};

    oci::digest is() const { return oci::digest::of(manifest); }
};

inline value descriptor_of(const char* type, const std::string& bytes) {
    return value{
        {"mediaType", type},
        {"digest", oci::digest::of(bytes).text()},
        {"size", static_cast<std::int64_t>(bytes.size())},
    };
}

inline artifact artifact_of_layer(std::string layer) {
    auto layers = value::list();
    layers.push_back(descriptor_of(oci::rules_layer_type, layer));
    value manifest{
        {"schemaVersion", 2},
        {"mediaType", oci::manifest_type},
        {"config", descriptor_of(oci::rules_config_type, "{}")},
        {"layers", std::move(layers)},
    };
    return {json_text(manifest), std::move(layer)};
}

inline artifact artifact_of(const std::string& name, const std::string& text) {
    const std::string file(falco::standard_rule_file(name));
    return artifact_of_layer(gzip(tar_of({{.name = file, .text = text}})));
}

inline void write(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

inline std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Adds an artifact to an image layout.
inline void write_layout(
    const std::filesystem::path&                         folder,
    const std::vector<std::pair<std::string, artifact>>& artifacts
) {
    auto list = value::list();
    for (const auto& [reference, each] : artifacts) {
        auto one = descriptor_of(oci::manifest_type, each.manifest);
        one["annotations"]["org.opencontainers.image.ref.name"] = reference;
        list.push_back(std::move(one));
        for (const auto& bytes : {each.manifest, each.layer})
            write(folder / "blobs/sha256" / std::string(oci::digest::of(bytes).hex()), bytes);
    }
    write(folder / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    value index{{"schemaVersion", 2}, {"manifests", std::move(list)}};
    write(folder / "index.json", json_text(index));
}

/// Rules from memory. What is not there is not found, unless something is the matter.
class fake_rules final : public oci::rules_source {
public:
    std::map<std::string, std::string> files{};    // by "falco-rules:5.0.0"
    std::optional<failure>             trouble{};  // of everything
    std::vector<std::string>           asked{};

    task<result<oci::rules_file>> fetch(
        std::string name, std::string version, std::optional<oci::digest> pin
    ) override {
        const auto whole = name + ':' + version;
        asked.push_back(whole);
        if (trouble) co_return *trouble;
        const auto at = files.find(whole);
        if (at == files.end()) co_return failure{errc::not_found, whole + " is not there"};
        const auto manifest = oci::digest::of("manifest of " + at->second);
        if (pin && *pin != manifest) co_return failure{errc::malformed, whole + " has moved"};
        oci::rules_file got;
        got.where.artifact = name;
        got.where.file     = falco::standard_rule_file(name);
        got.where.is       = oci::digest::of(at->second);
        got.where.bytes    = at->second.size();
        got.where.from     = whole;
        got.where.manifest = manifest;
        got.text           = at->second;
        co_return got;
    }
};

}  // namespace falconer::test

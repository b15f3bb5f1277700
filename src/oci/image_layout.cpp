#include "image_layout.hpp"

#include "falconer/falco/rule_files.hpp"
#include "falconer/value.hpp"
#include "small_files.hpp"

namespace falconer::oci {
namespace {

namespace fs = std::filesystem;

constexpr auto marker = "oci-layout";

bool has_marker(const fs::path& folder) {
    std::error_code absent;
    return fs::is_regular_file(folder / marker, absent);
}

result<void> check_marker(const fs::path& folder) {
    const auto text = read_small_file(folder / marker, 4096);
    if (!text) return text.error();
    const auto read = parse_json(*text);
    if (!read || read->text_at({"imageLayoutVersion"}) != "1.0.0")
        return failure{
            errc::malformed, (folder / marker).string() + ": expected imageLayoutVersion 1.0.0"
        };
    return {};
}

/// A digest is checked before it becomes a file's name.
fs::path blob_file(const fs::path& folder, const digest& is) {
    return folder / "blobs" / "sha256" / is.hex();
}

}  // namespace

bool image_layout::is_one(const fs::path& folder) {
    if (has_marker(folder)) return true;
    std::error_code wrong;
    for (const auto& each : fs::directory_iterator(folder, wrong))
        if (!falco::standard_rule_file(each.path().filename().string()).empty() &&
            has_marker(each.path()))
            return true;
    return false;
}

fs::path image_layout::folder_of(const std::string& artifact) const {
    return has_marker(folder_ / artifact) ? folder_ / artifact : folder_;
}

std::string image_layout::name_of(const std::string& artifact) const {
    return (folder_ / artifact).string();
}

result<served_document> image_layout::find(
    const std::string& artifact, const std::string& reference
) const {
    const auto folder = folder_of(artifact);
    if (auto good = check_marker(folder); !good) return std::move(good).error();
    if (const auto is = digest::parse(reference)) {
        auto text = read_small_file(blob_file(folder, *is), largest_manifest);
        if (!text) return std::move(text).error();
        return served_document{.text = std::move(*text)};
    }
    const auto file = folder / "index.json";
    auto       text = read_small_file(file, largest_manifest);
    if (!text) return std::move(text).error();
    auto read = parse_document(*text, index_type);
    if (!read) return std::move(read).error().while_doing(file.string());
    const auto* all = std::get_if<index>(&*read);
    if (all == nullptr) return failure{errc::malformed, file.string() + ": is no index"};

    const auto        whole  = artifact + ':' + reference;
    const bool        alone  = folder != folder_;
    const descriptor* chosen = nullptr;
    for (const auto& each : all->manifests) {
        const bool fits = each.reference == whole || each.reference.ends_with('/' + whole) ||
                          (alone && each.reference == reference);
        if (!fits) continue;
        if (chosen != nullptr && chosen->is != each.is)
            return failure{errc::malformed, file.string() + ": names " + whole + " twice"};
        chosen = &each;
    }
    if (chosen == nullptr) return failure{errc::not_found, file.string() + ": has no " + whole};
    auto named = read_small_file(blob_file(folder, chosen->is), largest_manifest);
    if (!named) return std::move(named).error();
    if (auto same = verify(*named, chosen->is, whole); !same) return std::move(same).error();
    return served_document{.text = std::move(*named), .media_type = chosen->media_type};
}

task<result<served_document>> image_layout::manifest(std::string artifact, std::string reference) {
    co_return find(artifact, reference);
}

task<result<std::string>> image_layout::blob(std::string artifact, descriptor which) {
    co_return read_small_file(
        blob_file(folder_of(artifact), which.is), static_cast<std::size_t>(which.size)
    );
}

}  // namespace falconer::oci

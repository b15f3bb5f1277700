#include "object_files.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <utility>

namespace falconer::app {
namespace {

/// Objects of the size that an API server takes, in good number.
constexpr std::size_t largest_file = 64 << 20;

void take(value document, const std::string& path, object_file& into) {
    if (!document.is_map()) {
        into.problems.push_back(
            located(path, {{}, "expected an object, found " + described(document), document.line()})
        );
        return;
    }
    const auto        kind = document.text_at({"kind"});
    const auto* const items =
        kind == "List" || kind == "FalcoProfileList" ? document.find("items") : nullptr;
    if (items == nullptr) {
        into.objects.push_back(std::move(document));
        return;
    }
    if (!items->is_list() && !items->is_null())
        into.problems.push_back(
            located(path, {"items", "expected a list, found " + described(*items), items->line()})
        );
    for (const auto& item : items->items()) take(item, path, into);
}

/// What YAML's readers take of JSON is not quite all: escaped pairs of UTF-16, as "\ud83d\ude00",
/// they refuse. Lines are not known then, and NULs are refused as in YAML.
result<std::vector<value>> parse_objects(std::string_view text) {
    auto       documents = parse_yaml_stream(text);
    const auto begin     = text.find_first_not_of(" \t\r\n");
    if (documents || begin == text.npos || text[begin] != '{') return documents;
    auto json = parse_json(text);
    if (!json || json_text(*json).find("\\u0000") != std::string::npos) return documents;
    return std::vector<value>{std::move(*json)};
}

}  // namespace

result<std::string> read_text(std::istream& in) {
    std::string text;
    // Whether a pipe ends shows only when it does.
    for (std::array<char, 1 << 16> piece{}; in.read(piece.data(), piece.size()), in.gcount() > 0;) {
        text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
        if (text.size() > largest_file) return failure{errc::malformed, "has more than 64 MiB"};
    }
    if (in.bad()) return failure{errc::not_found, "cannot be read to its end"};
    return text;
}

result<std::string> read_text_file(const std::string& path) {
    std::error_code wrong;
    const auto      size = std::filesystem::file_size(path, wrong);
    if (!wrong && size > largest_file)
        return failure{errc::malformed, path + ": has more than 64 MiB"};
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path, wrong)) {
        const int why = in ? EISDIR : errno;
        return failure{errc::not_found, path + ": " + std::strerror(why)};
    }
    auto text = read_text(in);
    if (!text) return failure{text.error().code, path + ": " + text.error().detail};
    return text;
}

std::string located(const std::string& path, const field_problem& problem) {
    auto text = path;
    if (problem.line > 0) text += ':' + std::to_string(problem.line);
    return text + ": " + problem.text();
}

object_file read_objects(const std::string& path) {
    object_file read;
    const auto  text = read_text_file(path);
    if (!text) {
        read.problems.push_back(text.error().detail);
        return read;
    }
    auto documents = parse_objects(*text);
    if (!documents) {
        read.problems.push_back(path + ": " + documents.error().detail);
        return read;
    }
    for (auto& document : *documents) take(std::move(document), path, read);
    return read;
}

profile_files read_profiles(const std::vector<std::string>& paths) {
    profile_files                     read;
    std::vector<falco::falco_profile> profiles;
    for (const auto& path : paths) {
        auto file = read_objects(path);
        read.problems.insert(read.problems.end(), file.problems.begin(), file.problems.end());
        if (file.objects.empty() && file.problems.empty())
            read.problems.push_back(path + ": holds no FalcoProfile");
        for (const auto& object : file.objects) {
            auto decoded = falco::decode_falco_profile(object);
            for (const auto& problem : decoded.problems)
                read.problems.push_back(located(path, problem));
            profiles.push_back(std::move(decoded.profile));
        }
    }
    read.all = falco::merge(std::move(profiles));
    return read;
}

}  // namespace falconer::app

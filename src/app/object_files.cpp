#include "object_files.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace falconer::app {
namespace {

/// Objects of the size that an API server takes, in good number.
constexpr std::uintmax_t largest_file = 64 << 20;

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
    for (const auto& item : items->items()) take(item, path, into);
}

}  // namespace

result<std::string> read_text_file(const std::string& path) {
    std::error_code wrong;
    const auto      size = std::filesystem::file_size(path, wrong);
    if (!wrong && size > largest_file)
        return failure{errc::malformed, path + ": has more than 64 MiB"};
    // A pipe has no size.
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path, wrong)) {
        const int why = in ? EISDIR : errno;
        return failure{errc::not_found, path + ": " + std::strerror(why)};
    }
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (in.bad()) return failure{errc::not_found, path + ": cannot be read to its end"};
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
    auto documents = parse_yaml_stream(*text);
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

#include "tar.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>

namespace falconer::oci {
namespace {

constexpr std::size_t block = 512;

failure bad(const std::string& why) {
    return {errc::malformed, "the archive " + why};
}

std::string_view text_of(std::string_view field) {
    return field.substr(0, field.find('\0'));
}

/// Octal digits, between blanks and up to a blank or NUL. The binary spelling of sizes beyond 8 GiB
/// is none.
std::optional<std::uint64_t> octal(std::string_view field) {
    const auto first = field.find_first_not_of(' ');
    if (first == field.npos) return std::nullopt;
    std::uint64_t number = 0;
    std::size_t   digits = 0;
    for (const char c : field.substr(first)) {
        if (c == ' ' || c == '\0') break;
        if (c < '0' || c > '7') return std::nullopt;
        number = number * 8 + static_cast<std::uint64_t>(c - '0');
        ++digits;
    }
    return digits > 0 ? std::optional(number) : std::nullopt;
}

/// Its own checksum counts as blanks.
bool sums_up(std::string_view header) {
    const auto said = octal(header.substr(148, 8));
    const auto add  = [](std::uint64_t sum, char c) { return sum + static_cast<unsigned char>(c); };
    const auto before =
        std::accumulate(header.begin(), header.begin() + 148, std::uint64_t{0}, add);
    return said == std::accumulate(header.begin() + 156, header.end(), before + 8 * ' ', add);
}

std::string name_of(std::string_view header) {
    std::string name(text_of(header.substr(0, 100)));
    const auto  prefix = text_of(header.substr(345, 155));
    if (header.substr(257, 5) == "ustar" && !prefix.empty())
        name = std::string(prefix) + '/' + name;
    return name;
}

/// Whether it names something below where one stands.
bool stays_inside(std::string_view name) {
    if (name.empty() || name.front() == '/' || name.find('\\') != name.npos) return false;
    for (std::size_t at = 0; at <= name.size();) {
        const auto end = std::min(name.find('/', at), name.size());
        if (name.substr(at, end - at) == "..") return false;
        at = end + 1;
    }
    return true;
}

std::string printable(std::string_view name) {
    std::string text(name.substr(0, 100));
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return '\'' + text + '\'';
}

/// A pax header may say anything of the entry that follows; what it is called and how long it is
/// stays as we have read it.
bool changes_meaning(std::string_view records) {
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{" path=", " size=", " linkpath=", " GNU."},
        [records](std::string_view key) { return records.find(key) != records.npos; }
    );
}

}  // namespace

result<std::string> file_in_tar(std::string_view archive, std::string_view name, std::size_t most) {
    std::optional<std::string> found;
    while (archive.size() >= block) {
        const auto header = archive.substr(0, block);
        if (header.find_first_not_of('\0') == header.npos) break;  // the end
        if (!sums_up(header)) return bad("has a damaged header");
        archive.remove_prefix(block);
        const auto size = octal(header.substr(124, 12));
        if (!size || *size > archive.size()) return bad("is cut short");
        const auto contents = archive.substr(0, *size);
        archive.remove_prefix(std::min(archive.size(), (*size + block - 1) / block * block));

        const char kind = header[156];
        if (kind == 'x' || kind == 'g') {
            if (changes_meaning(contents)) return bad("gives an entry another name or size");
            continue;
        }
        auto called = name_of(header);
        if (!stays_inside(called)) return bad("has an entry " + printable(called));
        if (kind == '5') continue;  // a folder
        if (kind != '0' && kind != '\0')
            return bad("has an entry " + printable(called) + " that is no regular file");
        while (called.starts_with("./")) called.erase(0, 2);
        if (called != name) continue;
        if (found) return bad("has " + printable(name) + " twice");
        if (contents.size() > most)
            return failure{
                errc::too_large, printable(name) + " has " + std::to_string(contents.size()) +
                                     " bytes, more than " + std::to_string(most)
            };
        found = contents;
    }
    if (!found) return failure{errc::not_found, "the archive has no " + std::string(name)};
    return std::move(*found);
}

}  // namespace falconer::oci

#include "long_texts.hpp"

#include "falconer/utf8.hpp"

namespace falconer::store {
namespace {

/// Tags of an event, with quotes and commas. What is longer has been filled up with white space or
/// escapes.
constexpr std::size_t longest_array = 64 * (most_characters + 4);

/// \uDC00 to \uDFFF: the second half of a character.
bool is_second_half(std::string_view escape) noexcept {
    return escape.size() >= 4 && (escape[2] == 'd' || escape[2] == 'D') &&
           std::string_view("cdefCDEF").find(escape[3]) != std::string_view::npos;
}

/// Characters of the JSON string that begins behind `at`'s quote; leaves `at` behind its end.
std::size_t characters_of_string(std::string_view json, std::size_t& at) noexcept {
    std::size_t count = 0;
    while (at < json.size() && json[at] != '"') {
        const auto  byte  = static_cast<unsigned char>(json[at]);
        std::size_t bytes = 1;
        if (byte == '\\') {
            const bool code  = at + 1 < json.size() && json[at + 1] == 'u';
            bytes            = code ? 6 : 2;
            count           += code && is_second_half(json.substr(at)) ? 0 : 1;
        } else if ((byte & 0xC0U) != 0x80U) {  // not the rest of a character
            ++count;
        }
        at += bytes;
    }
    ++at;
    return count;
}

}  // namespace

bool is_long_source(std::string_view text) noexcept {
    return text.size() > most_characters && code_points(text) > most_characters;
}

bool are_long_tags(std::string_view json_array) noexcept {
    if (json_array.size() <= most_characters) return false;
    if (json_array.size() > longest_array) return true;
    for (std::size_t at = 0; at < json_array.size();) {
        if (json_array[at++] != '"') continue;
        if (characters_of_string(json_array, at) > most_characters) return true;
    }
    return false;
}

}  // namespace falconer::store

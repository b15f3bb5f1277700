#include "printable.hpp"

#include "falconer/utf8.hpp"

#include <algorithm>

namespace falconer::cli {
namespace {

/// The next character of a text: its bytes, and whether a terminal may have it.
struct character {
    std::string_view bytes;
    bool             harmless = false;
};

character next_of(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) return {text.substr(0, 1), first >= 0x20 && first != 0x7F};
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    const auto        all  = text.substr(0, size);
    if (all.size() < size || !is_utf8(all)) return {text.substr(0, 1), false};
    const bool control = first == 0xC2 && static_cast<unsigned char>(all[1]) < 0xA0;
    return {all, !control};
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
    std::string out;
    while (!text.empty()) {
        const auto next = next_of(text);
        if (out.size() + next.bytes.size() > most) break;
        if (next.harmless)
            out += next.bytes;
        else
            out += '?';
        text.remove_prefix(next.bytes.size());
    }
    return out;
}

std::string printable_lines(std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    std::string    out;
    while (!text.empty()) {
        const auto next = next_of(text);
        if (next.harmless || next.bytes == "\n" || next.bytes == "\t") {
            out += next.bytes;
        } else {
            for (const char c : next.bytes) {
                const auto byte  = static_cast<unsigned char>(c);
                out             += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
            }
        }
        text.remove_prefix(next.bytes.size());
    }
    return out;
}

}  // namespace falconer::cli

#include "falconer/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace falconer {
namespace {

/// How many bytes follow `first`, and within which bounds the next one must lie; 0 if none may.
struct sequence {
    int           more = 0;
    unsigned char low = 0x80, high = 0xBF;
};

sequence sequence_of(unsigned char first) noexcept {
    if (first >= 0xC2 && first <= 0xDF) return {.more = 1};
    if (first == 0xE0) return {.more = 2, .low = 0xA0};
    if (first == 0xED) return {.more = 2, .high = 0x9F};  // beyond lie the surrogates
    if (first >= 0xE1 && first <= 0xEF) return {.more = 2};
    if (first == 0xF0) return {.more = 3, .low = 0x90};
    if (first == 0xF4) return {.more = 3, .high = 0x8F};
    if (first >= 0xF1 && first <= 0xF3) return {.more = 3};
    return {};
}

/// The code point at the beginning of `text`, which is UTF-8 and not empty; takes it away.
char32_t take_code_point(std::string_view& text) noexcept {
    const auto first = static_cast<unsigned char>(text.front());
    const int  more  = sequence_of(first).more;
    char32_t   value = more == 0 ? first : first & (0x3FU >> more);
    text.remove_prefix(1);
    for (int i = 0; i < more && !text.empty(); ++i) {
        value = value << 6 | (static_cast<unsigned char>(text.front()) & 0x3FU);
        text.remove_prefix(1);
    }
    return value;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    const auto*       at  = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    while (at != end) {
        // Nearly all text is ASCII: sixteen bytes at a time.
        if (end - at >= 16) {
            std::uint64_t words[2];
            std::memcpy(words, at, sizeof words);
            if (((words[0] | words[1]) & 0x8080'8080'8080'8080) == 0) {
                at += 16;
                continue;
            }
        }
        const auto first = *at++;
        if (first < 0x80) continue;
        const auto [more, low, high] = sequence_of(first);
        if (more == 0 || end - at < more || *at < low || *at > high) return false;
        for (int i = 0; i < more; ++i)
            if ((*at++ & 0xC0) != 0x80) return false;
    }
    return true;
}

int line_not_utf8(std::string_view text) noexcept {
    if (is_utf8(text)) return 0;
    // No sequence has a line's end within it.
    int line = 1;
    for (; !text.empty(); ++line) {
        const auto end = std::min(text.find('\n'), text.size());
        if (!is_utf8(text.substr(0, end))) break;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return line;
}

std::size_t code_points(std::string_view text) noexcept {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
}

void append_utf8(char32_t code_point, std::string& out) {
    const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0 | code_point >> 6);
        put(0x80 | (code_point & 0x3F));
    } else if (code_point < 0x10000) {
        put(0xE0 | code_point >> 12);
        put(0x80 | (code_point >> 6 & 0x3F));
        put(0x80 | (code_point & 0x3F));
    } else {
        put(0xF0 | code_point >> 18);
        put(0x80 | (code_point >> 12 & 0x3F));
        put(0x80 | (code_point >> 6 & 0x3F));
        put(0x80 | (code_point & 0x3F));
    }
}

std::string excerpt(std::string_view text, std::size_t limit) {
    std::string out;
    while (!text.empty()) {
        if (out.size() >= limit) return out += "...";
        const char32_t c = take_code_point(text);
        if (c >= 0x20 && c < 0x7F) {
            out.push_back(static_cast<char>(c));
            continue;
        }
        char       escaped[12];
        const auto size = std::snprintf(
            escaped, sizeof escaped, c > 0xFFFF ? "\\u{%x}" : "\\u%04x", static_cast<unsigned>(c)
        );
        out.append(escaped, static_cast<std::size_t>(size));
    }
    return out;
}

}  // namespace falconer

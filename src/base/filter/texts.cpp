// Patterns, decimals and pods' names: how a filter looks at a text.
#include "falconer/filter.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace falconer::filter {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// Bytes of the character that begins with `first`, in UTF-8.
std::size_t width_of(char first) {
    const auto byte = static_cast<unsigned char>(first);
    if (byte < 0xC0) return 1;
    return byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// One step of a pattern: a character that stands for itself, `_` or `%`.
struct step {
    char        is      = 0;
    bool        literal = true;
    std::size_t size    = 1;  // in the pattern
};

step step_at(std::string_view pattern, std::size_t at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) return {pattern[at + 1], true, 2};
    return {pattern[at], pattern[at] != '%' && pattern[at] != '_', 1};
}

/// The usual way with one place to go back to: the last `%` takes one character more.
bool is_like(std::string_view pattern, std::string_view text) {
    constexpr auto nowhere = std::string_view::npos;
    std::size_t    p = 0, t = 0, star = nowhere, taken = 0;
    while (t < text.size()) {
        if (p < pattern.size()) {
            const auto next = step_at(pattern, p);
            if (!next.literal && next.is == '%') {
                star = p += next.size;
                taken     = t;
                continue;
            }
            if (!next.literal) {
                p += next.size;
                t  = std::min(t + width_of(text[t]), text.size());
                continue;
            }
            if (next.is == lower(text[t])) {
                p += next.size;
                ++t;
                continue;
            }
        }
        if (star == nowhere) return false;
        p = star;
        t = taken = std::min(taken + width_of(text[taken]), text.size());
    }
    while (p < pattern.size()) {
        const auto next = step_at(pattern, p);
        if (next.literal || next.is != '%') return false;
        p += next.size;
    }
    return true;
}

/// A live view looks at whatever a cluster sends: byte by byte, a pattern of some thousand letters
/// takes seconds for a megabyte of one letter.
bool is_much(std::string_view text, std::string_view what) {
    constexpr std::size_t few = 65'536;  // comparisons
    return text.size() * what.size() > few;
}

/// What stands between two `%`: texts, with a `_` between any two.
using piece = std::vector<std::string>;

std::vector<piece> pieces_of(std::string_view pattern) {
    std::vector<piece> all(1, piece(1));
    for (std::size_t at = 0; at < pattern.size();) {
        const auto next  = step_at(pattern, at);
        at              += next.size;
        if (next.literal)
            all.back().back() += next.is;
        else if (next.is == '_')
            all.back().emplace_back();
        else
            all.emplace_back(1);
    }
    return all;
}

/// Where the piece ends if it is there.
std::optional<std::size_t> end_at(const piece& what, std::string_view text, std::size_t at) {
    for (std::size_t i = 0; i < what.size(); ++i) {
        if (i > 0) {
            if (at >= text.size()) return std::nullopt;
            at = std::min(at + width_of(text[at]), text.size());
        }
        if (!text.substr(at).starts_with(what[i])) return std::nullopt;
        at += what[i].size();
    }
    return at;
}

/// Where it ends the first time it is there, from `at` on.
std::optional<std::size_t> end_from(const piece& what, std::string_view text, std::size_t at) {
    if (what.size() == 1) {
        const auto  rest = text.substr(at);
        const auto* hit  = memmem(rest.data(), rest.size(), what[0].data(), what[0].size());
        if (hit == nullptr) return std::nullopt;
        return static_cast<std::size_t>(static_cast<const char*>(hit) - text.data()) +
               what[0].size();
    }
    for (;;) {
        if (const auto end = end_at(what, text, at)) return end;
        if (at >= text.size()) return std::nullopt;
        at = std::min(at + width_of(text[at]), text.size());
    }
}

/// The text ends with it, and it does not begin before `from`.
bool ends_with(const piece& what, std::string_view text, std::size_t from) {
    auto at = text.size();
    for (auto i = what.size(); i-- > 0;) {
        if (!text.substr(from, at - from).ends_with(what[i])) return false;
        at -= what[i].size();
        if (i == 0) break;
        if (at <= from) return false;
        --at;
        while (at > from && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    }
    return true;
}

/// As is_like(), piece by piece: each taken where it first is.
bool is_like_in_pieces(std::string_view pattern, std::string_view text) {
    const auto all   = pieces_of(pattern);
    const auto plain = lowered(text);
    auto       end   = end_at(all.front(), plain, 0);
    if (all.size() == 1) return end && *end == plain.size();
    for (std::size_t i = 1; end && i + 1 < all.size(); ++i) end = end_from(all[i], plain, *end);
    return end && ends_with(all.back(), plain, *end);
}

/// `what` is in lower case.
bool contains(std::string_view text, std::string_view what) {
    if (is_much(text, what)) {
        const auto plain = lowered(text);
        return memmem(plain.data(), plain.size(), what.data(), what.size()) != nullptr;
    }
    const auto same = [](char a, char b) { return lower(a) == b; };
    return what.empty() || std::ranges::search(text, what, same).begin() != text.end();
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t digits_from(std::string_view text, std::size_t at) {
    const auto begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - begin;
}

struct decimal {
    bool             negative = false;
    std::string_view whole{}, fraction{};  // without zeros that mean nothing
};

decimal read_decimal(std::string_view text) {
    decimal it;
    it.negative = text.starts_with('-');
    if (it.negative) text.remove_prefix(1);
    const auto point = text.find('.');
    it.whole         = text.substr(0, point);
    if (point != text.npos) it.fraction = text.substr(point + 1);
    while (it.whole.starts_with('0')) it.whole.remove_prefix(1);
    while (it.fraction.ends_with('0')) it.fraction.remove_suffix(1);
    if (it.whole.empty() && it.fraction.empty()) it.negative = false;
    return it;
}

int sign_of(int n) {
    return (n > 0) - (n < 0);
}

constexpr std::string_view safe = "bcdfghjklmnpqrstvwxz2456789";

bool all_safe(std::string_view text) {
    return text.find_first_not_of(safe) == text.npos;
}

/// What a ReplicaSet, DaemonSet, Job or StatefulSet puts behind the last dash.
bool is_pods_own(std::string_view text) {
    const bool random = text.size() == 5 && all_safe(text);
    return random || (!text.empty() && text.size() <= 10 && std::ranges::all_of(text, is_digit));
}

}  // namespace

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

bool fits(const text_pattern& what, std::string_view text) {
    const auto same = [](char a, char b) { return lower(a) == b; };
    switch (what.how) {
        case text_pattern::kind::equal: return std::ranges::equal(text, what.text, same);
        case text_pattern::kind::contains: return contains(text, what.text);
        case text_pattern::kind::like:
            return is_much(text, what.text) ? is_like_in_pieces(what.text, text)
                                            : is_like(what.text, text);
    }
    return false;
}

bool is_decimal(std::string_view text) noexcept {
    constexpr std::size_t most  = 80;
    std::size_t           at    = text.starts_with('-') ? 1 : 0;
    const auto            whole = digits_from(text, at);
    if (whole == 0 || whole > most) return false;
    at += whole;
    if (at == text.size()) return true;
    if (text[at] != '.') return false;
    const auto fraction = digits_from(text, ++at);
    return fraction > 0 && fraction <= most && at + fraction == text.size();
}

int compare_decimals(std::string_view a, std::string_view b) noexcept {
    const auto one = read_decimal(a), other = read_decimal(b);
    if (one.negative != other.negative) return one.negative ? -1 : 1;
    int larger = 0;
    if (one.whole.size() != other.whole.size())
        larger = one.whole.size() > other.whole.size() ? 1 : -1;
    else if (larger = sign_of(one.whole.compare(other.whole)); larger == 0)
        larger = sign_of(one.fraction.compare(other.fraction));
    return one.negative ? -larger : larger;
}

std::string_view workload_of(std::string_view pod) noexcept {
    // The longest suffix first, as a regular expression finds it.
    for (auto dash = pod.find('-', 1); dash != pod.npos; dash = pod.find('-', dash + 1)) {
        const auto rest = pod.substr(dash + 1);
        if (is_pods_own(rest)) return pod.substr(0, dash);
        const auto inner = rest.find('-');
        if (inner == rest.npos || inner < 8 || inner > 10) continue;
        if (all_safe(rest.substr(0, inner)) && is_pods_own(rest.substr(inner + 1)))
            return pod.substr(0, dash);
    }
    return pod;
}

}  // namespace falconer::filter

// Patterns, decimals and pods' names: how a filter looks at a text.
#include "falconer/filter.hpp"

#include <algorithm>
#include <cstring>

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

/// `what` is in lower case. Of long ones in time that grows with their sum: a live view looks at
/// whatever a cluster sends, and a search byte by byte takes seconds for a megabyte of one letter.
bool contains(std::string_view text, std::string_view what) {
    constexpr std::size_t few = 65'536;  // comparisons
    if (text.size() * what.size() > few) {
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
        case text_pattern::kind::like: return is_like(what.text, text);
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

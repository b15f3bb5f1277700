#include "member_order.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace falconer::store {
namespace {

constexpr std::size_t most_members = 256;  // an index is a byte

const char* skip_space(const char* at, const char* end) noexcept {
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
    return at;
}

/// The first quote or backslash.
const char* skip_plain(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    const auto quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto found =
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found)); mask != 0)
            return at + std::countr_zero(mask);
    }
#endif
    while (at != end && *at != '"' && *at != '\\') ++at;
    return at;
}

/// Behind the string whose first quote is at `at`; null: it does not end.
const char* behind_string(const char* at, const char* end, bool& escaped) noexcept {
    for (++at;; at += 2) {
        at = skip_plain(at, end);
        if (at == end) return nullptr;
        if (*at == '"') return at + 1;
        escaped = true;
        if (end - at < 2) return nullptr;
    }
}

/// The comma or bracket behind the value at `at`; null: there is none. What is in the value is
/// looked at only as far as one needs to know where it ends.
const char* behind_value(const char* at, const char* end) noexcept {
    std::size_t open    = 0;
    bool        escaped = false;  // which it may be
    while (at != end) {
        switch (*at) {
            case '"':
                at = behind_string(at, end, escaped);
                if (at == nullptr) return nullptr;
                continue;
            case '{':
            case '[': ++open; break;
            case '}':
            case ']':
                if (open == 0) return at;
                --open;
                break;
            case ',':
                if (open == 0) return at;
                break;
            default: break;
        }
        ++at;
    }
    return nullptr;
}

/// Two bytes of the key's size and six of the key. `end`: of what may be read.
std::uint64_t rank_of(std::string_view key, const char* end) noexcept {
    std::uint64_t bytes = 0;
    const auto    size  = std::min<std::size_t>(key.size(), 6);
    if (end - key.data() >= 8 && size != 0) {
        std::memcpy(&bytes, key.data(), sizeof bytes);
        bytes = __builtin_bswap64(bytes) & ~std::uint64_t{0} << (64 - 8 * size);
    } else {
        for (std::size_t i = 0; i < size; ++i)
            bytes |= std::uint64_t{static_cast<unsigned char>(key[i])} << (56 - 8 * i);
    }
    return std::uint64_t{std::min<std::size_t>(key.size(), 0xFFFF)} << 48 | bytes >> 16;
}

}  // namespace

bool member_order::before(const member& a, const member& b) noexcept {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.key.size() != b.key.size()) return a.key.size() < b.key.size();
    const int how = std::memcmp(a.key.data(), b.key.data(), a.key.size());
    return how != 0 ? how < 0 : a.key.data() < b.key.data();
}

/// False: this is nothing to put in order.
bool member_order::take_apart(std::string_view object) {
    members_.clear();
    in_order_             = true;
    const char*       at  = object.data();
    const char* const end = at + object.size();
    at                    = skip_space(at, end);
    if (at == end || *at != '{') return false;
    do {
        const char* const begin = skip_space(at + 1, end);
        if (begin == end || *begin != '"' || members_.size() == most_members) return false;
        bool escaped = false;
        at           = behind_string(begin, end, escaped);
        if (at == nullptr || escaped) return false;
        member one;
        one.key  = {begin + 1, static_cast<std::size_t>(at - begin - 2)};
        one.rank = rank_of(one.key, end);
        at       = skip_space(at, end);
        if (at == end || *at != ':') return false;
        at = behind_value(at + 1, end);
        if (at == nullptr) return false;
        one.text = {begin, static_cast<std::size_t>(at - begin)};
        if (!members_.empty() && !before(members_.back(), one)) in_order_ = false;
        members_.push_back(one);
    } while (*at == ',');
    return *at == '}' && skip_space(at + 1, end) == end;
}

bool member_order::are_in_order(const permutation& by) const noexcept {
    if (by.size() != members_.size()) return false;
    for (std::size_t i = 1; i < by.size(); ++i)
        if (!before(members_[by[i - 1]], members_[by[i]])) return false;
    return true;
}

/// Sorted only where the last one's order does not fit. No two members are equal, so that there is
/// one order, whoever has found it.
const member_order::permutation& member_order::order_of(std::uint32_t kind) {
    auto& known = known_[kind % known_.size()];
    if (are_in_order(known)) return known;
    known.resize(members_.size());
    std::iota(known.begin(), known.end(), std::uint8_t{0});
    std::ranges::sort(known, [&](auto a, auto b) { return before(members_[a], members_[b]); });
    return known;
}

void member_order::append(std::string_view object, std::uint32_t kind, std::string& out) {
    if (!take_apart(object) || in_order_) {
        out.append(object);
        return;
    }
    char separator = '{';
    for (const auto which : order_of(kind)) {
        out.push_back(separator);
        out.append(members_[which].text);
        separator = ',';
    }
    out.push_back('}');
}

}  // namespace falconer::store

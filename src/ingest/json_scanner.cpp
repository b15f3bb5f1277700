#include "json_scanner.hpp"

#include "falconer/utf8.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace falconer::ingest {
namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The first byte that a string may not hold as it is: quote, backslash or control character.
const char* skip_plain(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    const auto quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'),
               control = _mm_set1_epi8(0x1F);
    for (; end - at >= 16; at += 16) {
        const auto bytes   = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto special = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
            _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes)
        );
        if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special)); mask != 0)
            return at + std::countr_zero(mask);
    }
#endif
    while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
    return at;
}

/// The four hexadecimal digits at `at`, or -1.
int hex4(const char* at, const char* end) noexcept {
    if (end - at < 4) return -1;
    int value = 0;
    for (int i = 0; i < 4; ++i) {
        const int digit = hex_value(at[i]);
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

bool is_high(int unit) noexcept {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low(int unit) noexcept {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/// The low surrogate that an escape at `at` writes, or -1.
int low_escape(const char* at, const char* end) noexcept {
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
    const int unit = hex4(at + 2, end);
    return is_low(unit) ? unit : -1;
}

}  // namespace

json_scanner::token json_scanner::next() {
    if (wanted_ != nullptr) return token::broken;
    skip_space();
    token_ = at_;
    switch (expect_) {
        case expect::value: return value();
        case expect::first_value:
            if (at_ != end_ && *at_ == ']') return close();
            return value();
        case expect::first_key:
            if (at_ != end_ && *at_ == '}') return close();
            return key();
        case expect::comma:
            if (at_ == end_) return fail("the end of the object");
            if (*at_ == (in_object() ? '}' : ']')) return close();
            if (*at_ != ',') return fail(in_object() ? "a comma or }" : "a comma or ]");
            ++at_;
            skip_space();
            token_ = at_;
            return in_object() ? key() : value();
        case expect::nothing:
            return at_ == end_ ? token::end : fail("nothing more behind the value");
    }
    return fail("JSON");
}

json_scanner::token json_scanner::value() {
    if (at_ == end_) return fail("a value");
    expect_ = depth_ == 0 ? expect::nothing : expect::comma;
    switch (*at_) {
        case '"': return string() ? token::string : token::broken;
        case '{': return open(true);
        case '[': return open(false);
        case 't': return literal("true", token::true_);
        case 'f': return literal("false", token::false_);
        case 'n': return literal("null", token::null);
        default: return number();
    }
}

json_scanner::token json_scanner::key() {
    if (at_ == end_ || *at_ != '"') return fail("a key in double quotes");
    if (!string()) return token::broken;
    skip_space();
    if (at_ == end_ || *at_ != ':') return fail("a colon");
    ++at_;
    expect_ = expect::value;
    return token::key;
}

json_scanner::token json_scanner::literal(std::string_view word, token what) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word))
        return fail("a value");
    raw_  = std::string_view(at_, word.size());
    at_  += word.size();
    return what;
}

json_scanner::token json_scanner::number() {
    exponent_         = false;
    const auto digits = [this] {
        const char* const first = at_;
        while (at_ != end_ && is_digit(*at_)) ++at_;
        return at_ != first;
    };
    if (*at_ == '-') ++at_;
    if (at_ != end_ && *at_ == '0')
        ++at_;
    else if (!digits())
        return fail(at_ == token_ ? "a value" : "a digit");
    if (at_ != end_ && *at_ == '.') {
        ++at_;
        if (!digits()) return fail("a digit behind the point");
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
        exponent_ = true;
        ++at_;
        if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
        if (!digits()) return fail("a digit in the exponent");
    }
    raw_ = std::string_view(token_, static_cast<std::size_t>(at_ - token_));
    return token::number;
}

bool json_scanner::string() {
    escape_ = nul_ = surrogate_ = false;
    const char* const first     = ++at_;
    for (;;) {
        at_ = skip_plain(at_, end_);
        if (at_ == end_) return fail("the end of a string"), false;
        if (*at_ == '"') break;
        if (*at_ != '\\') return fail("no control character in a string"), false;
        if (!escape()) return false;
    }
    raw_ = std::string_view(first, static_cast<std::size_t>(at_ - first));
    ++at_;
    return true;
}

bool json_scanner::escape() {
    escape_ = true;
    ++at_;
    if (at_ == end_) return fail("the rest of an escape"), false;
    const char c = *at_++;
    if (c != 'u') {
        if (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) return true;
        --at_;
        return fail("an escape that JSON knows"), false;
    }
    const int unit = hex4(at_, end_);
    if (unit < 0) return fail("four hexadecimal digits"), false;
    at_ += 4;
    if (unit == 0) nul_ = true;
    if (is_low(unit)) surrogate_ = true;
    if (is_high(unit)) {
        if (low_escape(at_, end_) >= 0)
            at_ += 6;
        else
            surrogate_ = true;
    }
    return true;
}

json_scanner::token json_scanner::open(bool object) {
    if (depth_ != 0 && depth_ % 64 == 0) outer_kinds_.push_back(kinds_);
    kinds_ = kinds_ << 1 | static_cast<std::uint64_t>(object);
    ++depth_;
    ++at_;
    raw_    = std::string_view(token_, 1);
    expect_ = object ? expect::first_key : expect::first_value;
    return object ? token::begin_object : token::begin_array;
}

json_scanner::token json_scanner::close() {
    const bool object = in_object();
    --depth_;
    if (depth_ != 0 && depth_ % 64 == 0) {
        kinds_ = outer_kinds_.back();
        outer_kinds_.pop_back();
    } else {
        kinds_ >>= 1;
    }
    ++at_;
    raw_    = std::string_view(token_, 1);
    expect_ = depth_ == 0 ? expect::nothing : expect::comma;
    return object ? token::end_object : token::end_array;
}

bool json_scanner::in_object() const noexcept {
    return (kinds_ & 1) != 0;
}

void json_scanner::skip_space() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

json_scanner::token json_scanner::fail(const char* wanted) noexcept {
    wanted_ = wanted;
    return token::broken;
}

std::string json_scanner::problem() const {
    std::string out  = "not JSON: expected ";
    out             += wanted_ == nullptr ? "nothing" : wanted_;
    if (at_ == end_) return out += ", but the text ends";
    out += " at byte " + std::to_string(position_behind()) + ", before ";
    // A whole character or two, never a part of one.
    std::size_t size = std::min<std::size_t>(16, static_cast<std::size_t>(end_ - at_));
    const char* from = at_;
    while (from != begin_ && (static_cast<unsigned char>(*from) & 0xC0) == 0x80) --from;
    while (from + size != end_ && (static_cast<unsigned char>(from[size]) & 0xC0) == 0x80) ++size;
    return out += excerpt(std::string_view(from, size), 24);
}

void unescape(std::string_view raw, std::string& out) {
    out.clear();
    out.reserve(raw.size());
    const char*       at  = raw.data();
    const char* const end = at + raw.size();
    while (at != end) {
        const auto* const next =
            static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
        out.append(at, next == nullptr ? end : next);
        if (next == nullptr) return;
        at = next + 2;
        switch (next[1]) {
            case 'b': out.push_back('\b'); break;
            case 'f': out.push_back('\f'); break;
            case 'n': out.push_back('\n'); break;
            case 'r': out.push_back('\r'); break;
            case 't': out.push_back('\t'); break;
            case 'u': {
                const int unit  = hex4(at, end);
                at             += 4;
                const int low   = is_high(unit) ? low_escape(at, end) : -1;
                if (low >= 0) {
                    at += 6;
                    append_utf8(
                        static_cast<char32_t>(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)),
                        out
                    );
                } else if (unit == 0 || is_high(unit) || is_low(unit)) {
                    append_utf8(0xFFFD, out);
                } else {
                    append_utf8(static_cast<char32_t>(unit), out);
                }
                break;
            }
            default: out.push_back(next[1]);  // quote, backslash, slash
        }
    }
}

std::string with_replacements(std::string_view json) {
    std::string       out(json);
    char*             at  = out.data();
    const char* const end = at + out.size();
    for (;;) {
        at = static_cast<char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
        if (at == nullptr) return out;
        if (at[1] != 'u') {
            at += 2;
            continue;
        }
        const int unit = hex4(at + 2, end);
        if (is_high(unit) && low_escape(at + 6, end) >= 0) {
            at += 12;
            continue;
        }
        if (unit == 0 || is_high(unit) || is_low(unit)) std::memcpy(at + 2, "fffd", 4);
        at += 6;
    }
}

}  // namespace falconer::ingest

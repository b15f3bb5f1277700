#include "web_formats.hpp"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace falconer::sandbox {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80U;
}

bool has_good_escapes(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') continue;
        if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
        i += 2;
    }
    return true;
}

/// Behind a host: nothing, or a colon and digits.
bool is_port(std::string_view text) {
    return text.empty() || (text.front() == ':' && std::ranges::all_of(text.substr(1), is_digit));
}

/// Source: Go, net/url, parseHost and shouldEscape.
bool is_url_host(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.rfind(']');
        return end != text.npos && is_port(text.substr(end + 1));
    }
    const auto colon = text.rfind(':');
    if (colon != text.npos && !is_port(text.substr(colon))) return false;
    constexpr std::string_view good = "-_.~!$&'()*+,;=:[]<>\"%";
    return has_good_escapes(text) && std::ranges::all_of(text, [&](char c) {
               return !is_ascii(c) || is_letter(c) || is_digit(c) || good.find(c) != good.npos;
           });
}

/// "user:password", of which everything else is escaped.
bool is_user(std::string_view text) {
    constexpr std::string_view good = "-._:~!$&'()*+,;=%@";
    return has_good_escapes(text) && std::ranges::all_of(text, [&](char c) {
               return is_letter(c) || is_digit(c) || good.find(c) != good.npos;
           });
}

/// How much of it is a scheme; npos: there can be none, and it is no place either.
std::size_t scheme_of(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (is_letter(c)) continue;
        if (c == ':') return i == 0 ? text.npos : i;
        const bool may = is_digit(c) || c == '+' || c == '-' || c == '.';
        if (!may || i == 0) return 0;
    }
    return 0;
}

bool is_atom_character(char c, bool dots) {
    constexpr std::string_view special = "()<>[]:;@\\,\"";
    if (c == '.') return dots;
    return !is_ascii(c) || (c > ' ' && c != 0x7f && special.find(c) == special.npos);
}

/// Words with dots between them.
bool is_dotted_atom(std::string_view text) {
    return !text.empty() && text.front() != '.' && text.back() != '.' &&
           text.find("..") == text.npos &&
           std::ranges::all_of(text, [](char c) { return is_atom_character(c, true); });
}

bool is_quoted(std::string_view text) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
    text = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') ++i;
        if (i >= text.size()) return false;
        if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) return false;
        if (is_ascii(text[i]) && text[i] < ' ' && text[i] != '\t') return false;
    }
    return true;
}

bool is_dotted_quad(std::string_view text) {
    for (int part = 0; part < 4; ++part) {
        const auto end = part == 3 ? text.size() : text.find('.');
        if (end == text.npos) return false;
        const auto digits = text.substr(0, end);
        unsigned   number = 0;
        const auto read   = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (digits.empty() || read.ec != std::errc{} || number > 255 ||
            read.ptr != digits.data() + digits.size())
            return false;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return text.empty();
}

bool is_six(const std::string& text) {
    std::array<unsigned char, 16> ignored{};
    return inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

/// Whatever zeros lead in the four numbers at its end.
bool is_six_somehow(const std::string& text) {
    const auto tail = text.rfind(':') + 1;
    if (tail == 0 || !is_dotted_quad(std::string_view(text).substr(tail))) return is_six(text);
    return is_six(text.substr(0, tail) + "0.0.0.0");
}

bool is_mailbox(std::string_view text) {
    const auto at = text.rfind('@');
    if (at == text.npos) return false;
    const auto who = text.substr(0, at), where = text.substr(at + 1);
    if (!is_dotted_atom(who) && (!is_quoted(who) || who.size() == 2)) return false;
    if (!where.starts_with('[')) return is_dotted_atom(where);
    if (!where.ends_with(']')) return false;
    const std::string             address(where.substr(1, where.size() - 2));
    std::array<unsigned char, 16> ignored{};
    return is_six(address) || inet_pton(AF_INET, address.c_str(), ignored.data()) == 1;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// What stands before a mailbox: words, some of them quoted.
bool is_phrase(std::string_view text) {
    for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
        std::size_t end = 0;
        if (text.front() == '"') {
            for (end = 1; end < text.size() && text[end] != '"'; ++end)
                if (text[end] == '\\') ++end;
            if (end >= text.size()) return false;
            ++end;
        } else {
            while (end < text.size() && is_atom_character(text[end], true)) ++end;
            if (end == 0) return false;
        }
        text.remove_prefix(end);
    }
    return true;
}

}  // namespace

bool is_request_uri(const std::string& text) {
    const auto is_control = [](char c) { return is_ascii(c) && (c < ' ' || c == 0x7f); };
    if (text.empty() || std::ranges::any_of(text, is_control)) return false;
    if (text == "*") return true;
    const auto scheme = scheme_of(text);
    if (scheme == std::string::npos) return false;
    auto rest = std::string_view(text).substr(scheme == 0 ? 0 : scheme + 1);
    if (!rest.starts_with('/')) return scheme > 0;
    rest = rest.substr(0, rest.find('?'));
    if (scheme > 0 && rest.starts_with("//")) {
        const auto end       = std::min(rest.find('/', 2), rest.size());
        auto       authority = rest.substr(2, end - 2);
        if (const auto at = authority.rfind('@'); at != authority.npos) {
            if (!is_user(authority.substr(0, at))) return false;
            authority.remove_prefix(at + 1);
        }
        if (!is_url_host(authority)) return false;
        rest.remove_prefix(end);
    }
    return has_good_escapes(rest);
}

bool is_email(const std::string& text) {
    auto whole = trimmed(text);
    if (const auto open = whole.rfind('('); whole.ends_with(')') && open != whole.npos)
        whole = trimmed(whole.substr(0, open));  // a comment
    if (!whole.ends_with('>')) return is_mailbox(whole);
    const auto open = whole.rfind('<');
    return open != whole.npos && is_phrase(whole.substr(0, open)) &&
           is_mailbox(trimmed(whole.substr(open + 1, whole.size() - open - 2)));
}

bool is_hostname(const std::string& text) {
    static const RE2 good(
        R"(([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63}))"
    );
    constexpr std::size_t longest = 255, longest_part = 63;
    if (text.size() > longest || !RE2::FullMatch(text, good)) return false;
    std::string_view rest = text;
    for (auto dot = rest.find('.'); dot != rest.npos; dot = rest.find('.')) {
        if (dot > longest_part) return false;
        rest.remove_prefix(dot + 1);
    }
    return rest.size() <= longest_part;
}

bool is_ipv4(const std::string& text) {
    if (text.find('.') == text.npos) return false;
    return is_dotted_quad(text) || is_six_somehow(text);
}

bool is_ipv6(const std::string& text) {
    return text.find(':') != text.npos && is_six(text);
}

bool is_cidr(const std::string& text) {
    const auto slash = text.find('/');
    if (slash == text.npos) return false;
    const auto     address = text.substr(0, slash), bits = text.substr(slash + 1);
    const unsigned most   = is_dotted_quad(address) ? 32 : is_six_somehow(address) ? 128 : 0;
    unsigned       number = 0;
    const auto*    end    = bits.data() + bits.size();
    const auto     read   = std::from_chars(bits.data(), end, number);
    return most > 0 && !bits.empty() && read.ec == std::errc{} && read.ptr == end && number <= most;
}

bool is_mac(const std::string& text) {
    static const RE2 good(
        "(?i)[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?::[0-9a-f]{2}){7}|(?::[0-9a-f]{2}){19}|"
        "(?:-[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){7}|(?:-[0-9a-f]{2}){19})|"
        "[0-9a-f]{4}(?:(?:\\.[0-9a-f]{4}){2}|(?:\\.[0-9a-f]{4}){3}|(?:\\.[0-9a-f]{4}){9})|"
        "[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{40}"
    );
    return RE2::FullMatch(text, good);
}

}  // namespace falconer::sandbox

#include "http_texts.hpp"

#include "falconer/utf8.hpp"
#include "falconer/value.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace falconer::falco {
namespace {

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool is_hexadecimal(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_one_of(char c, std::string_view those) {
    return those.find(c) != std::string_view::npos;
}

/// Every % has its two digits.
bool percents_are_right(std::string_view text) {
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3))
        if (at + 2 >= text.size() || !is_hexadecimal(text[at + 1]) || !is_hexadecimal(text[at + 2]))
            return false;
    return true;
}

bool is_user(std::string_view text) {
    return percents_are_right(text) && std::ranges::all_of(text, [](char c) {
               return is_letter_or_digit(c) || is_one_of(c, "-._:~!$&'()*+,;=%@");
           });
}

/// A name, which may be international, or an IPv4 address.
bool is_host_name(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return is_letter_or_digit(c) || is_one_of(c, "-._~") ||
               static_cast<unsigned char>(c) > 0x7f;
    });
}

/// Within its brackets, perhaps with a zone: "fe80::1%25eth0".
bool is_ipv6(std::string_view text) {
    const auto address = text.substr(0, text.find('%'));
    return address.find(':') != std::string_view::npos && percents_are_right(text) &&
           std::ranges::all_of(address, [](char c) {
               return is_hexadecimal(c) || c == ':' || c == '.';
           });
}

/// ":443", and nothing or ":" for the scheme's own.
bool is_port(std::string_view text) {
    if (text.empty() || text == ":") return true;
    unsigned number         = 0;
    const auto [end, wrong] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    return text[0] == ':' && wrong == std::errc{} && end == text.data() + text.size() &&
           number >= 1 && number <= 65'535;
}

std::string problem_of_host(std::string_view text) {
    const bool bracketed = text.starts_with('[');
    const auto end       = bracketed ? text.rfind(']') : std::min(text.find(':'), text.size());
    if (end == std::string_view::npos) return "opens a bracket that it does not close";
    const auto host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
    const auto port = text.substr(end + (bracketed ? 1 : 0));
    if (host.empty()) return "names no host";
    if (bracketed ? !is_ipv6(host) : !is_host_name(host)) return "names a host that cannot be one";
    return is_port(port) ? "" : "names a port that is none: they go from 1 to 65535";
}

std::optional<std::string_view> without_scheme(std::string_view text) {
    for (const std::string_view scheme : {"https://", "http://"})
        if (text.starts_with(scheme)) return text.substr(scheme.size());
    return std::nullopt;
}

}  // namespace

std::string problem_of_address(std::string_view text, address_place from) {
    if (auto wrong = problem_of_text(text); !wrong.empty()) return wrong;
    if (from == address_place::config && text.find(' ') != std::string_view::npos)
        return "must have no blank in it";
    const auto rest = without_scheme(text);
    if (!rest) return "must be a URL that begins with https:// or http://";
    const auto authority = rest->substr(0, rest->find_first_of("/?#"));
    const auto at        = authority.rfind('@');
    if (at != std::string_view::npos) {
        if (from == address_place::config)
            return "must hold no user and no password, which everybody could read there";
        if (!is_user(authority.substr(0, at)))
            return "has a user or a password with characters that must be written as %XX";
    }
    const auto host = at == std::string_view::npos ? authority : authority.substr(at + 1);
    if (auto wrong = problem_of_host(host); !wrong.empty()) return wrong;
    const auto behind   = rest->substr(authority.size());
    const auto query    = behind.find('?');
    const auto fragment = behind.find('#');
    if (!percents_are_right(behind.substr(0, std::min(query, fragment))) ||
        (fragment != std::string_view::npos && !percents_are_right(behind.substr(fragment))))
        return "has a % without two hexadecimal digits behind it";
    return {};
}

std::string found_unless_secret(std::string_view address) {
    if (address.find('@') != std::string_view::npos) return {};
    return ", found " + described(value(address));
}

std::string problem_of_header_name(std::string_view text) {
    const bool token = !text.empty() && std::ranges::all_of(text, [](char c) {
        return is_letter_or_digit(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
    });
    return token ? "" : "must be a token of HTTP: letters, digits and dashes, such as X-Team";
}

std::string problem_of_header_value(std::string_view text) {
    if (!is_utf8(text)) return "must be UTF-8";
    const bool broken =
        std::ranges::any_of(text, [](char c) { return is_control(c) && c != '\t'; });
    return broken ? "must have no line break and no control character in it" : "";
}

std::string problem_of_text(std::string_view text) {
    if (!is_utf8(text)) return "must be UTF-8";
    return std::ranges::any_of(text, is_control)
               ? "must have no line break and no control character in it"
               : "";
}

}  // namespace falconer::falco

#include "final_configuration.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace falconer::agent {
namespace {

/// Source: src/falco's destinations; the Go extension's placeholder.
constexpr std::string_view placeholder = "SA_TOKEN";

/// Whatever may stand in a JWT; nothing that means something in YAML.
bool is_token_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '=' || c == '+' || c == '/' || c == '~';
}

std::string_view trimmed(std::string_view text) {
    while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

failure at(const std::string& path) {
    return {errc::unavailable, path + ": " + std::strerror(errno)};
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const auto wrote = ::write(file, text.data(), text.size());
        if (wrote < 0 && errno != EINTR) return false;
        if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

}  // namespace

result<std::string> put_token(std::string_view text, const std::optional<secret>& token) {
    const auto is = token ? trimmed(token->reveal()) : std::string_view{};
    if (token && (is.empty() || !std::ranges::all_of(is, is_token_letter)))
        return failure{errc::malformed, "the token file holds no token"};
    std::string out;
    for (;;) {
        const auto at_it = text.find(placeholder);
        if (at_it == text.npos) return out += text;
        if (!token)
            return failure{
                errc::malformed, "the template needs a token, and no --token-file is given"
            };
        out.append(text.substr(0, at_it)).append(is);
        text.remove_prefix(at_it + placeholder.size());
    }
}

result<void> write_whole(const std::string& path, std::string_view text) {
    const auto fresh = path + ".new";
    const int  file  = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return at(fresh);
    const bool wrote = write_all(file, text);
    if (::close(file) != 0 || !wrote) return at(fresh);
    if (std::rename(fresh.c_str(), path.c_str()) != 0) return at(path);
    return {};
}

}  // namespace falconer::agent

#include "smtp_talk.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace falconer::net {
namespace {

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, upper, upper);
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::optional<std::string> smtp_reply::parameters_of(std::string_view keyword) const {
    for (const std::string_view line : lines) {
        const auto end = line.find(' ');
        if (!same_word(line.substr(0, end), keyword)) continue;
        return end == line.npos ? std::string{} : std::string(line.substr(end + 1));
    }
    return std::nullopt;
}

bool smtp_reply::offers(std::string_view keyword) const {
    return parameters_of(keyword).has_value();
}

std::string smtp_reply::text() const {
    constexpr std::size_t most = 200;
    auto                  all  = std::to_string(code);
    for (const auto& line : lines) all += ' ' + line;
    for (auto& c : all)
        if (c < ' ' || c > '~') c = '?';
    if (all.size() > most) all.resize(most);
    return all;
}

result<std::optional<smtp_reply>> take_reply(std::string& bytes) {
    const failure no_reply{errc::malformed, "the server does not speak SMTP"};
    smtp_reply    reply;
    std::size_t   at = 0;
    for (;;) {
        const auto end = bytes.find('\n', at);
        if (end == bytes.npos) {
            if (bytes.size() > longest_reply) return no_reply;
            return std::optional<smtp_reply>{};
        }
        if (end > longest_reply) return no_reply;
        auto line = std::string_view(bytes).substr(at, end - at);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const bool coded = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' &&
                           is_digit(line[1]) && is_digit(line[2]);
        if (!coded || (line.size() > 3 && line[3] != ' ' && line[3] != '-')) return no_reply;
        const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        if (reply.code != 0 && code != reply.code) return no_reply;
        reply.code      = code;
        const bool last = line.size() == 3 || line[3] == ' ';
        reply.lines.emplace_back(line.substr(std::min<std::size_t>(4, line.size())));
        at = end + 1;
        if (!last) continue;
        bytes.erase(0, at);
        return std::optional<smtp_reply>(std::move(reply));
    }
}

std::string dotted(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 64);
    bool begins = true;
    for (const char c : text) {
        if (begins && c == '.') out += '.';
        out    += c;
        begins  = c == '\n';
    }
    if (!begins) out += "\r\n";
    out += ".\r\n";
    return out;
}

task<result<smtp_reply>> smtp_talk::hear() {
    std::array<char, 2048> some;
    for (;;) {
        auto reply = take_reply(waiting_);
        if (!reply) co_return std::move(reply).error();
        if (*reply) co_return std::move(**reply);
        auto size = co_await peer_->read_some(some);
        if (!size) co_return std::move(size).error();
        if (*size == 0) co_return failure{errc::unavailable, "the server hung up"};
        waiting_.append(some.data(), *size);
    }
}

task<result<smtp_reply>> smtp_talk::ask(std::string bytes) {
    auto said = co_await peer_->write_all(bytes);
    if (!said) co_return std::move(said).error();
    co_return co_await hear();
}

task<result<void>> smtp_talk::say(std::string bytes) {
    co_return co_await peer_->write_all(bytes);
}

}  // namespace falconer::net

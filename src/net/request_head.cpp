#include "request_head.hpp"

#include <algorithm>
#include <cstring>

namespace falconer::net {
namespace {

/// No control characters but the tab. Written so that the compiler can look at many bytes at once.
bool printable(std::string_view text) {
    unsigned bad = 0;
    for (const char c : text) {
        const auto byte  = static_cast<unsigned char>(c);
        bad             |= static_cast<unsigned>(byte < 0x20) & static_cast<unsigned>(byte != '\t');
        bad             |= static_cast<unsigned>(byte == 0x7f);
    }
    return bad == 0;
}

bool digit(char c) {
    return c >= '0' && c <= '9';
}

/// Only the forms of RFC 9112 section 3.2 that a server which is no proxy is sent.
bool acceptable_target(std::string_view method, std::string_view target) {
    if (target == "*") return method == "OPTIONS";
    if (!target.starts_with('/')) return false;
    return std::ranges::none_of(target, [](char c) {
        return static_cast<unsigned char>(c) >= 0x7f || c == '#' || c == '\t';
    });
}

http_refusal check_request_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto last  = line.rfind(' ');
    if (first == std::string_view::npos || first == 0 || first == last)
        return {400, "the request line is not 'METHOD TARGET HTTP/1.1'"};
    const auto method  = line.substr(0, first);
    const auto target  = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);

    if (version.size() != 8 || !version.starts_with("HTTP/") || !digit(version[5]) ||
        version[6] != '.' || !digit(version[7]))
        return {400, "the request line is not 'METHOD TARGET HTTP/1.1'"};
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return {505, "only HTTP/1.1 is spoken here"};
    if (target.find(' ') != std::string_view::npos || !acceptable_target(method, target))
        return {400, "the request's target is not a path"};
    return {};
}

}  // namespace

http_refusal request_head::look_at(std::string_view bytes) {
    while (!complete_ && seen_ < bytes.size()) {
        const auto  fresh = bytes.substr(seen_);
        const auto* end   = static_cast<const char*>(std::memchr(fresh.data(), '\n', fresh.size()));
        if (end == nullptr) {
            // A CR at the very end may yet be followed by its LF.
            const auto sure = fresh.ends_with('\r') ? fresh.size() - 1 : fresh.size();
            if (!printable(fresh.substr(0, sure)))
                return {400, "the header contains a control character"};
            seen_ += sure;
            break;
        }
        const auto stop = static_cast<std::size_t>(end - bytes.data());
        if (stop + 1 > limit_) return {431, "the header is too large"};
        if (stop == line_ || bytes[stop - 1] != '\r')
            return {400, "a line of the header does not end in CR LF"};
        if (!printable(bytes.substr(seen_, std::max(seen_, stop - 1) - seen_)))
            return {400, "the header contains a control character"};

        auto wrong = end_of_line(bytes.substr(line_, stop - 1 - line_));
        if (wrong) return wrong;
        line_ = seen_ = stop + 1;
    }
    if (!complete_ && bytes.size() >= limit_) return {431, "the header is too large"};
    return {};
}

http_refusal request_head::end_of_line(std::string_view line) {
    const bool first = line_ == 0;
    if (line.empty()) {
        if (first) return {400, "the request begins with a blank line"};
        complete_ = true;
        return {};
    }
    if (first) return check_request_line(line);
    if (line.front() == ' ' || line.front() == '\t') return {400, "a header field is folded"};
    ++fields_;
    return {};
}

}  // namespace falconer::net

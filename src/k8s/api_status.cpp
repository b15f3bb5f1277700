#include "api_status.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <charconv>

namespace falconer::k8s {
namespace {

constexpr std::chrono::seconds longest_wait{120};  // whatever a server says

errc code_of(unsigned status, std::string_view reason) {
    if (reason == "AlreadyExists") return errc::already_exists;
    if (reason == "Expired" || reason == "Gone") return errc::expired;
    switch (status) {
        case 400:
        case 422: return errc::malformed;
        case 401:
        case 403: return errc::denied;
        case 404: return errc::not_found;
        case 409: return errc::conflict;
        case 410: return errc::expired;
        case 413: return errc::too_large;
        case 429: return errc::overloaded;
        case 504: return errc::timed_out;
        default: return status >= 500 ? errc::unavailable : errc::broken;
    }
}

value body_of(const net::http_response& answer) {
    auto read = parse_json(answer.body);
    return read ? std::move(*read) : value{};
}

}  // namespace

failure failure_of(unsigned http_status, const value& status) {
    const auto said = status.text_at({"message"});
    return {
        code_of(http_status, status.text_at({"reason"})),
        !said.empty()        ? in_one_line(said)
        : http_status == 404 ? "HTTP 404: the server does not serve that"
                             : "HTTP " + std::to_string(http_status)
    };
}

failure failure_of(const net::http_response& answer) {
    return failure_of(answer.status, body_of(answer));
}

std::optional<std::chrono::seconds> retry_after(const net::http_response& answer) {
    std::int64_t seconds = -1;
    if (const auto field = answer.headers.find("Retry-After")) {
        const auto end         = field->data() + field->size();
        const auto [at, wrong] = std::from_chars(field->data(), end, seconds);
        if (wrong != std::errc{} || at != end) seconds = -1;  // a date: nobody sends one
    }
    if (seconds < 0) {
        const auto  status = body_of(answer);
        const auto* told   = status.find_path({"details", "retryAfterSeconds"});
        if (told != nullptr) seconds = told->integer().value_or(-1);
    }
    if (seconds < 0) return {};
    return std::min(std::chrono::seconds(seconds), longest_wait);
}

}  // namespace falconer::k8s

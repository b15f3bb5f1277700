#include "http_post.hpp"

#include "falconer/async.hpp"
#include "falconer/net/http_date.hpp"
#include "words.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace falconer::alerts {
namespace {

using outcome = delivery_answer::outcome;

constexpr std::size_t longest_line = 200;  // bytes of the delivery log

struct heard_body {
    bool        begun = false;  // an answer below 300
    std::string text{};
};

/// Appends as long as it is of use. Source of the statuses: RFC 9110 §15.
net::http_client::listener listening(heard_body& into) {
    return [&into](std::string_view piece) {
        into.begun      = true;
        const auto room = longest_answer - into.text.size();
        into.text.append(piece.substr(0, room));
        return into.text.size() < longest_answer;
    };
}

void hide(std::string& text, std::string_view secret) {
    if (secret.size() < 4) return;  // it would make everything unreadable, and hides nothing
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at))
        text.replace(at, secret.size(), "***");
}

}  // namespace

result<address> parse_address(std::string_view url) {
    const auto scheme = url.find("://");
    const auto end    = scheme == url.npos ? url.npos : url.find_first_of("/?", scheme + 3);
    auto       place  = net::parse_place(url.substr(0, end));
    if (!place) return failure{errc::malformed, "is no http or https address"};
    const bool named = std::ranges::all_of(place->host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_' || c == ':';
    });
    if (!named) return failure{errc::malformed, "names no host"};
    address whole{.place = std::move(*place), .target = "/"};
    if (end != url.npos) whole.target = url.substr(end);
    if (whole.target.front() == '?') whole.target.insert(0, 1, '/');
    const bool odd = std::ranges::any_of(whole.target, [](char c) {
        return c <= ' ' || c > '~' || c == '#' || c == '"' || c == '\\' || c == '<' || c == '>';
    });
    if (odd || whole.target.size() > 2048)
        return failure{errc::malformed, "has characters that no address has"};
    return whole;
}

std::optional<std::chrono::seconds> retry_after(std::string_view field, utc_time now) {
    using std::chrono::seconds;
    std::uint32_t number   = 0;
    const auto*   end      = field.data() + field.size();
    const auto [stop, bad] = std::from_chars(field.data(), end, number);
    seconds after{};
    if (bad == std::errc{} && stop == end && !field.empty()) {
        after = seconds(number);
    } else if (const auto when = net::read_http_date(field)) {
        after = std::chrono::ceil<seconds>(*when - now);
    } else {
        return std::nullopt;
    }
    return std::clamp<seconds>(after, seconds{0}, longest_after);
}

task<answer> post(net::http_client& http, time_source& time, address to, net::http_request what) {
    heard_body body;
    auto       hear = listening(body);
    what.target     = std::move(to.target);
    auto work = http.stream(std::move(to.place), std::move(what), std::move(hear), whole_exchange);
    auto done = co_await with_timeout(time, whole_exchange, std::move(work));

    answer heard;
    if (done) {
        heard.status = done->status;
        heard.body   = body.begun ? std::move(body.text) : std::move(done->body);
        if (heard.body.size() > longest_answer) heard.body.resize(longest_answer);
        if (const auto field = done->headers.find("Retry-After"))
            heard.after = retry_after(*field, time.utc());
    } else if (body.begun) {
        heard.status = 200;  // or another below 300: its body was cut short, which changes nothing
        heard.body   = std::move(body.text);
    } else {
        heard.refused = done.error().code == errc::denied;
        heard.trouble = done.error().detail;
    }
    co_return heard;
}

std::string log_line(const answer& heard, const std::vector<std::string>& secrets) {
    auto text = heard.status == 0 ? heard.trouble : std::to_string(heard.status);
    if (heard.status >= 300 && heard.status < 400)
        text += ": leads elsewhere, where nobody follows";
    else if (heard.status != 0 && !heard.body.empty())
        text += ": " + heard.body;
    for (const auto& each : secrets) hide(text, each);
    return shortened(one_line(text), longest_line);
}

delivery_answer usual_verdict(const answer& heard, const std::vector<std::string>& secrets) {
    const auto      status = heard.status;
    const bool      later  = status == 408 || status == 425 || status == 429 || status >= 500;
    delivery_answer verdict{.said = log_line(heard, secrets), .after = heard.after};
    if (status >= 200 && status < 300)
        verdict.what = outcome::delivered;
    else if (later || (status < 200 && !heard.refused))
        verdict.what = outcome::again;
    else
        verdict.what = outcome::never;
    return verdict;
}

net::http_request json_post(std::string body, const notification& what) {
    net::http_request request{.method = "POST", .body = std::move(body), .keep_alive = false};
    request.headers.add("Content-Type", "application/json");
    request.headers.add("User-Agent", "Falconer");
    request.headers.add("Idempotency-Key", what.key.text());
    return request;
}

}  // namespace falconer::alerts

#include "wire.hpp"

#include "falconer/utf8.hpp"

#include <algorithm>

namespace falconer::console {
namespace {

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Of a path or, with `form`, of what a form makes of a text. A broken escape stands for itself.
std::string decoded(std::string_view text, bool form) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 &&
                            digit_of(text[i + 2]) >= 0;
        if (escape) {
            out += static_cast<char>(digit_of(text[i + 1]) << 4 | digit_of(text[i + 2]));
            i   += 2;
        } else {
            out += form && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

bool is_clean(std::string_view text) {
    return is_utf8(text) && text.find('\0') == text.npos;
}

}  // namespace

std::optional<std::string> address::find(std::string_view name) const {
    const auto hit =
        std::ranges::find(parameters, name, &std::pair<std::string, std::string>::first);
    if (hit == parameters.end()) return std::nullopt;
    return hit->second;
}

std::optional<address> address_of(std::string_view target) {
    const auto mark = target.find('?');
    address    it{.path = decoded(target.substr(0, mark), false)};
    if (!is_clean(it.path)) return std::nullopt;
    auto rest = mark == target.npos ? std::string_view() : target.substr(mark + 1);
    while (!rest.empty()) {
        const auto part  = rest.substr(0, rest.find('&'));
        const auto equal = part.find('=');
        if (!part.empty())
            it.parameters.emplace_back(
                decoded(part.substr(0, equal), true),
                equal == part.npos ? "" : decoded(part.substr(equal + 1), true)
            );
        rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    }
    const bool clean = std::ranges::all_of(it.parameters, [](const auto& each) {
        return is_clean(each.first) && is_clean(each.second);
    });
    if (!clean) return std::nullopt;
    return it;
}

std::optional<std::string_view> cookie(const net::http_request& request, std::string_view name) {
    const auto field = request.headers.find("Cookie");
    if (!field) return std::nullopt;
    auto rest = *field;
    while (!rest.empty()) {
        auto part = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(part.size() + 1, rest.size()));
        while (part.starts_with(' ')) part.remove_prefix(1);
        if (part.starts_with(name) && part.substr(name.size()).starts_with('='))
            return part.substr(name.size() + 1);
    }
    return std::nullopt;
}

net::http_response json_answer(std::string body, unsigned status) {
    net::http_response answer{.status = status};
    answer.headers.add("Content-Type", "application/json");
    answer.body = std::move(body);
    return answer;
}

net::http_response answer_of(const problem& what) {
    json_text_writer json;
    json->StartObject();
    json.key("type").text("/problems/" + what.kind);
    json.key("title").text(what.title);
    json.key("status")->Uint(what.status);
    if (!what.detail.empty()) json.key("detail").text(what.detail);
    if (!what.parameter.empty()) json.key("parameter").text(what.parameter);
    if (what.column) json.key("column")->Uint64(*what.column);
    if (what.length) json.key("length")->Uint64(*what.length);
    json->EndObject();
    net::http_response answer{.status = what.status};
    answer.headers.add("Content-Type", "application/problem+json");
    if (what.retry_after) answer.headers.add("Retry-After", std::to_string(*what.retry_after));
    answer.body = json.taken();
    return answer;
}

problem problem_of(const failure& why) {
    const auto is = [&](errc code) { return why.code == make_error_code(code); };
    if (is(errc::timed_out))
        return {
            504, "took-too-long", "The store took too long",
            "Look at a shorter time, or ask for something more particular."
        };
    if (is(errc::overloaded))
        return {.status = 429, .kind = "too-many", .title = "The store is busy", .retry_after = 2};
    if (is(errc::unavailable) || is(errc::denied))
        return {
            .status      = 503,
            .kind        = "store-away",
            .title       = "The store does not answer",
            .detail      = "Events are taken in all the same and will be seen once it is back.",
            .retry_after = 5
        };
    if (is(errc::expired))
        return {410, "position-gone", "That place is no longer known", "Begin anew."};
    if (is(errc::not_found)) return not_found(why.detail);
    if (is(errc::malformed)) return {400, "parameter", "Cannot be read", why.detail};
    return {500, "internal", "A mistake of Falconer's", "The log says more."};
}

problem not_found(std::string what) {
    return {404, "not-found", "There is no such thing", std::move(what)};
}

problem wrong_parameter(std::string name, std::string why) {
    return {400, "parameter", "A parameter cannot be read", std::move(why), std::move(name)};
}

std::string_view beginning_of(std::string_view text, std::size_t most) {
    std::size_t at = 0;
    for (std::size_t count = 0; at < text.size(); ++at) {
        const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
        if (begins && ++count > most) break;
    }
    return text.substr(0, at);
}

}  // namespace falconer::console

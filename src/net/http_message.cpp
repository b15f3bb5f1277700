#include "falconer/net/http_handler.hpp"
#include "falconer/net/http_message.hpp"

#include <algorithm>

namespace falconer::net {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::optional<http_response> http_handler::screen(http_request&) { return std::nullopt; }

void http_headers::add(std::string_view name, std::string_view value) {
    fields_.push_back({text_.size(), name.size(), value.size()});
    text_.append(name).append(value);
}

std::optional<std::string_view> http_headers::find(std::string_view name) const {
    const auto hit = std::ranges::find_if(fields_, [&](const field& f) {
        return same_name(name_of(f), name);
    });
    if (hit == fields_.end()) return std::nullopt;
    return value_of(*hit);
}

std::string_view reason_of(unsigned status) {
    switch (status) {
        case 200: return "OK";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 413: return "Content Too Large";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 503: return "Service Unavailable";
        default:  return "";
    }
}

}  // namespace falconer::net

#include "asking.hpp"

#include "answers.hpp"
#include "protobuf.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace falconer::sandbox {

using net::http_request;
using net::http_response;

api_user in_whose_name(const api_user& who, const http_request& request) {
    const auto name = request.headers.find("Impersonate-User");
    if (!name) return who;
    api_user made{.name = std::string(*name)};
    request.headers.each([&](std::string_view field, std::string_view is) {
        const bool is_group =
            std::ranges::equal(field, std::string_view("impersonate-group"), {}, [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ' ') : c;
            });
        if (is_group) made.groups.emplace_back(is);
    });
    if (std::ranges::find(made.groups, "system:authenticated") == made.groups.end())
        made.groups.emplace_back("system:authenticated");
    return made;
}

std::optional<http_response> put_into_json(http_request& request) {
    if (!is_protobuf(request.headers.find("Content-Type").value_or(""))) return {};
    auto read = read_protobuf(request.body);
    if (!read && read.error().code == errc::not_found) return {};
    if (!read) return refusal({errc::broken, std::move(read).error().detail});
    request.body = json_text(*read);
    net::http_headers others;
    request.headers.each([&](std::string_view name, std::string_view is) {
        if (name.size() != 12 || !is_protobuf(is)) others.add(name, is);
    });
    others.add("Content-Type", "application/json");
    request.headers = std::move(others);
    return {};
}

}  // namespace falconer::sandbox

#include "health_board.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace falconer::app {
namespace {

using net::http_request;
using net::http_response;

http_response plain(unsigned status, std::string body, std::string_view type) {
    http_response reply{.status = status, .body = std::move(body)};
    reply.headers.add("Content-Type", type);
    return reply;
}

http_response not_found() {
    return plain(404, "not here: try /healthz, /readyz, /readyz/<role>\n", "text/plain");
}

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

bool is_reading(const http_request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

void health_board::add(std::string role, check ask) {
    roles_.emplace(std::move(role), std::move(ask));
}

health_board::reasons health_board::ask(const check& role) const {
    auto why = role();
    if (draining_) why.insert(why.begin(), "draining: this process is about to stop");
    return why;
}

http_response health_board::report(const std::map<std::string, check>& roles) const {
    bool                    all_ready = true;
    rapidjson::StringBuffer out;
    rapidjson::Writer       json(out);
    json.StartObject();
    json.Key("roles");
    json.StartObject();
    for (const auto& [role, asks] : roles) {
        const auto why = ask(asks);
        all_ready      = all_ready && why.empty();
        json.Key(role.c_str());
        json.StartObject();
        json.Key("ready");
        json.Bool(why.empty());
        json.Key("reasons");
        json.StartArray();
        for (const auto& each : why) json.String(each.c_str());
        json.EndArray();
        json.EndObject();
    }
    json.EndObject();
    json.Key("ready");
    json.Bool(all_ready);
    json.EndObject();
    return plain(all_ready ? 200 : 503, std::string(out.GetString()) + "\n", "application/json");
}

task<http_response> health_board::handle(http_request request) {
    constexpr std::string_view one_role = "/readyz/";
    const auto                 path     = path_of(request.target);
    if (!is_reading(request)) co_return plain(405, "only GET\n", "text/plain");
    if (path == "/healthz") co_return plain(200, "{\"alive\":true}\n", "application/json");
    if (path == "/readyz") co_return report(roles_);
    if (path.starts_with(one_role)) {
        const auto role = roles_.find(std::string(path.substr(one_role.size())));
        if (role != roles_.end()) co_return report({*role});
    }
    co_return not_found();
}

task<http_response> metrics_page::handle(http_request request) {
    if (!is_reading(request)) co_return plain(405, "only GET\n", "text/plain");
    if (path_of(request.target) != "/metrics") co_return plain(404, "try /metrics\n", "text/plain");
    if (refresh_) refresh_();
    co_return plain(200, metrics_.expose(), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace falconer::app

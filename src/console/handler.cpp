#include "handler.hpp"

#include "access/oidc.hpp"
#include "documents.hpp"
#include "falconer/log.hpp"
#include "falconer/value.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

constexpr std::string_view session_cookie = "falconer-session";
constexpr std::size_t      largest_body   = 16 * 1024;

/// The host without its port, brackets and case.
std::string host_of(std::string_view field) {
    auto name = field.substr(0, field.starts_with('[') ? field.find(']') + 1 : field.rfind(':'));
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    return filter::lowered(name);
}

problem too_much() {
    return {413, "too-large", "Too much", "There is nothing here to send so much to."};
}

bool changes_something(const std::string& method) {
    return method != "GET" && method != "HEAD";
}

}  // namespace

/// A place of the API. `{}` in a path is one part of it, whichever.
struct handler::route {
    std::string_view method;
    std::string_view path;
    reply (handler::*go)(question);
    std::size_t session::* count;  // what it counts as
};

const handler::route* handler::route_of(
    const std::string& method, std::string_view path, bool& path_known
) {
    static constexpr route all[] = {
        {"GET", "/api/v1/me", &handler::me, nullptr},
        {"GET", "/api/v1/fields", &handler::fields, &session::questions},
        {"GET", "/api/v1/events", &handler::events, &session::questions},
        {"GET", "/api/v1/events/{}", &handler::event, &session::questions},
        {"GET", "/api/v1/events/{}/raw", &handler::raw_event, &session::questions},
        {"GET", "/api/v1/facets", &handler::facets, &session::questions},
        {"GET", "/api/v1/histogram", &handler::histogram, &session::questions},
        {"GET", "/api/v1/tail", &handler::tail, nullptr},
        {"GET", "/api/v1/export", &handler::file, nullptr},
        {"GET", "/api/v1/clusters", &handler::clusters, &session::questions},
        {"GET", "/api/v1/landscape", &handler::landscape, &session::questions},
        {"GET", "/api/v1/quarantine", &handler::quarantine, &session::questions},
        {"GET", "/api/v1/quarantine/{}", &handler::quarantined, &session::questions},
        {"GET", "/api/v1/quarantine/{}/body", &handler::quarantined_bytes, &session::questions},
        {"POST", "/api/v1/quarantine/{}/replay", &handler::replay, &session::questions},
        {"GET", "/api/v1/events/{}/history", &handler::history, &session::questions},
        {"GET", "/api/v1/events/{}/first-seen", &handler::first_seen, &session::questions},
        {"GET", "/api/v1/events/{}/similar", &handler::similar_events, &session::questions},
        {"GET", "/api/v1/incidents", &handler::incidents, &session::questions},
        {"POST", "/api/v1/incidents/triage", &handler::act_on_incidents, &session::questions},
        {"GET", "/api/v1/incidents/{}", &handler::incident_by_id, &session::questions},
        {"POST", "/api/v1/triage", &handler::assess, &session::questions},
        {"GET", "/api/v1/triage/actions", &handler::actions, &session::questions},
        {"POST", "/api/v1/triage/actions/{}/undo", &handler::undo, &session::questions},
        {"GET", "/api/v1/suppressions", &handler::suppressions, &session::questions},
        {"POST", "/api/v1/suppressions", &handler::suppress, &session::questions},
        {"POST", "/api/v1/suppressions/preview", &handler::preview_suppression, &session::questions
        },
        {"POST", "/api/v1/suppressions/exception", &handler::exception_of, &session::questions},
        {"GET", "/api/v1/suppressions/{}", &handler::one_suppression, &session::questions},
        {"POST", "/api/v1/suppressions/{}", &handler::change_suppression, &session::questions},
        {"POST", "/api/v1/suppressions/{}/lift", &handler::change_suppression, &session::questions},
        {"GET", "/api/v1/suppressions/{}/exception", &handler::exception_of, &session::questions},
        {"GET", "/api/v1/alerts", &handler::standing_alerts, &session::questions},
        {"GET", "/api/v1/alert-rules", &handler::alert_rules, &session::questions},
        {"POST", "/api/v1/alert-rules", &handler::write_alert_rule, &session::questions},
        {"POST", "/api/v1/alert-rules/preview", &handler::preview_alert_rule, &session::questions},
        {"GET", "/api/v1/alert-rules/{}", &handler::one_alert_rule, &session::questions},
        {"POST", "/api/v1/alert-rules/{}", &handler::write_alert_rule, &session::questions},
        {"POST", "/api/v1/alert-rules/{}/delete", &handler::delete_alert_rule, &session::questions},
        {"GET", "/api/v1/silences", &handler::silences, &session::questions},
        {"POST", "/api/v1/silences", &handler::silence_alerts, &session::questions},
        {"POST", "/api/v1/silences/{}/end", &handler::end_silence, &session::questions},
    };
    const auto matches = [&](std::string_view pattern) {
        const auto open = pattern.find("{}");
        if (open == pattern.npos) return pattern == path;
        const auto tail = pattern.substr(open + 2);
        if (!path.starts_with(pattern.substr(0, open)) || !path.ends_with(tail)) return false;
        if (path.size() <= open + tail.size()) return false;
        return path.substr(open, path.size() - open - tail.size()).find('/') == path.npos;
    };
    path_known = false;
    for (const auto& each : all) {
        if (!matches(each.path)) continue;
        path_known = true;
        if (each.method == method || (each.method == "GET" && method == "HEAD")) return &each;
    }
    return nullptr;
}

handler::handler(
    asio::any_io_executor loop, time_source& time, event_queries& store, body_replay& replay,
    options opt
)
    : loop_(loop), time_(time), store_(store), replay_(replay), opt_(std::move(opt)),
      sessions_(time, opt_.sign_in), news_(loop, time, store, {}), limits_(time, opt_.limits),
      counted_(time, {}), turns_(std::make_shared<turnstile>(std::move(loop), opt_.reading)) {}

std::optional<net::http_response> handler::screen(net::http_request& head) {
    if (head.content_length.value_or(0) <= largest_body) return std::nullopt;
    return with_guards(answer_of(too_much()));
}

/// A page of somebody else's may make a browser ask us, cookie and all, but not with such a field.
std::optional<net::http_response> handler::forged(const net::http_request& request) const {
    const auto refusal = [](std::string detail) {
        return answer_of({403, "request-forged", "Not from a page of Falconer's", std::move(detail)}
        );
    };
    const auto host = request.headers.find("Host");
    if (!opt_.hosts.empty() &&
        (!host || std::ranges::find(opt_.hosts, host_of(*host)) == opt_.hosts.end()))
        return refusal("The console is not called so: console.hosts has its names.");
    // No page of somebody else's can make a browser send a bearer's token; a password that the
    // browser knows goes with every request.
    const auto shown = request.headers.find("Authorization");
    if (!changes_something(request.method) || (shown && shown->starts_with(bearer_scheme)))
        return std::nullopt;
    if (request.headers.find("X-Requested-With").value_or("") != "falconer")
        return refusal("The header X-Requested-With: falconer is missing.");
    const auto site = request.headers.find("Sec-Fetch-Site");
    if (site && *site != "same-origin" && *site != "none")
        return refusal("It comes from another site.");
    return std::nullopt;
}

net::http_response handler::with_guards(net::http_response answer) const {
    if (!answer.headers.find("Content-Security-Policy"))
        answer.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    if (!answer.headers.find("Cache-Control")) answer.headers.add("Cache-Control", "no-store");
    answer.headers.add("X-Content-Type-Options", "nosniff");
    answer.headers.add("Referrer-Policy", "no-referrer");
    answer.headers.add("Cross-Origin-Resource-Policy", "same-origin");
    answer.headers.add("Cross-Origin-Opener-Policy", "same-origin");
    answer.headers.add("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
    if (opt_.tls) answer.headers.add("Strict-Transport-Security", "max-age=31536000");
    return answer;
}

task<net::http_response> handler::handle(net::http_request request) {
    auto where = address_of(request.target);
    if (!where) co_return with_guards(answer_of(wrong_parameter("", "the address is not UTF-8")));
    if (auto refusal = forged(request)) co_return with_guards(std::move(*refusal));
    // Of a body in chunks its head did not say how much it would be.
    if (request.body.size() > largest_body) co_return with_guards(answer_of(too_much()));
    if (!where->path.starts_with("/api/")) co_return with_guards(documents(request, *where));
    auto answer = co_await api(std::move(request), std::move(*where));
    co_return with_guards(std::move(answer));
}

net::http_response handler::documents(const net::http_request& request, const address& where)
    const {
    if (changes_something(request.method)) {
        auto answer = answer_of({405, "method", "Only to be read", request.method});
        answer.headers.add("Allow", "GET, HEAD");
        return answer;
    }
    const auto accepts = request.headers.find("Accept-Encoding").value_or("");
    return page_answer(where.path, accepts, opt_.frame_ancestors);
}

task<net::http_response> handler::api(net::http_request request, address where) {
    const auto& path = where.path;
    if (path == "/api/v1/openapi.yaml" || path == "/api/v1/openapi.json")
        co_return api_document(path.ends_with("yaml"));
    if (path == "/api/v1/sign-in") co_return ways_to_sign_in();
    if (path == "/api/v1/session" && request.method == "POST")
        co_return co_await sign_in(std::move(request));
    if (path == "/api/v1/session" && request.method == "DELETE") co_return sign_out(request);
    if (path == "/api/v1/sign-in/oidc" && request.method == "GET")
        co_return co_await begin_elsewhere(std::move(where));
    if (path == "/api/v1/sign-in/oidc/callback" && request.method == "GET") {
        std::string kept(cookie(request, flow_cookie).value_or(""));
        co_return co_await back_from_elsewhere(std::move(where), std::move(kept));
    }
    if (is_of_provider(path)) co_return co_await provider(std::move(request), std::move(where));
    bool        path_known = false;
    const auto* found      = route_of(request.method, path, path_known);
    if (found == nullptr && !path_known && path != "/api/v1/session")
        co_return answer_of(not_found(path));
    if (found == nullptr)
        co_return answer_of({405, "method", "Not in this way", request.method + " " + path});

    question q{.where = std::move(where)};
    q.token      = cookie(request, session_cookie).value_or("");
    q.request    = std::move(request);
    auto refused = co_await enter(q);
    if (refused) co_return std::move(*refused);
    if (const auto much = too_much_of(q)) co_return answer_of(*much);
    const auto who   = q.who;
    const auto what  = q.request.method + ' ' + q.request.target;
    const auto begun = time_.now();
    auto       made  = co_await answered(*found, std::move(q));
    limits_.spent(who->who.name, time_.now() - begun);
    note(*who, what, made.status);
    co_return made;
}

/// Of a session no more than its share at once.
task<net::http_response> handler::answered(const route& by, question q) {
    if (by.count == nullptr) co_return co_await (this->*by.go)(std::move(q));
    if ((*q.who).*(by.count) >= opt_.questions)
        co_return answer_of(
            {.status      = 429,
             .kind        = "too-many",
             .title       = "Too many questions at once",
             .retry_after = 1}
        );
    const counted_place place(q.who, by.count);
    co_return co_await (this->*by.go)(std::move(q));
}

net::http_response handler::ways_to_sign_in() const {
    json_text_writer json;
    json->StartObject();
    json.key("ways")->StartArray();
    if (!sessions_.users().empty()) {
        json->StartObject();
        json.key("kind").text("demo");
        json.key("users")->StartArray();
        for (const auto& each : sessions_.users()) {
            json->StartObject();
            json.key("name").text(each.name);
            json.key("title").text(each.title);
            json->EndObject();
        }
        json->EndArray();
        json->EndObject();
    }
    if (oidc_ != nullptr) {
        json->StartObject();
        json.key("kind").text("oidc");
        json.key("title").text(oidc_->how().title);
        json.key("href").text("/api/v1/sign-in/oidc");
        json->EndObject();
    }
    if (garden_ != nullptr) {
        json->StartObject();
        json.key("kind").text("token");
        json->EndObject();
    }
    json->EndArray();
    json->EndObject();
    return json_answer(json.taken());
}

std::string handler::cookie_field(std::string_view token, utc_time::duration life) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(life).count();
    return std::string(session_cookie) + '=' + std::string(token) +
           "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
           (opt_.tls ? "; Secure" : "");
}

task<net::http_response> handler::sign_in(net::http_request request) {
    auto read = parse_json(request.body);
    if (read && (read->find("token") != nullptr || read->find("kubeconfig") != nullptr))
        co_return co_await sign_in_with_token(std::move(*read));
    if (!read || read->find("user") == nullptr || read->find("password") == nullptr)
        co_return answer_of(wrong_parameter(
            "", R"(expected {"user": …, "password": …}, {"token": …} or {"kubeconfig": …})"
        ));
    auto opened = sessions_.sign_in(read->text_at({"user"}), read->text_at({"password"}));
    if (!opened && opened.error().code == make_error_code(errc::overloaded))
        co_return answer_of(
            {.status      = 429,
             .kind        = "too-many",
             .title       = "Too many wrong passwords",
             .detail      = "Wait a minute.",
             .retry_after = 60}
        );
    if (!opened) {
        log_of("console").warn("somebody was not let in");
        co_return answer_of({401, "wrong-password", "Not signed in", opened.error().detail});
    }
    log_of("console").info("signed in user={}", opened->what->who.name);
    auto answer = json_answer(co_await me_json(opened->what));
    answer.headers.add("Set-Cookie", cookie_field(opened->token, sessions_.life()));
    co_return answer;
}

net::http_response handler::sign_out(const net::http_request& request) {
    if (const auto token = cookie(request, session_cookie); token && !sessions_.sign_out(*token)) {
        // Of another replica, or of this one's life before.
        const std::string kept(*token);
        if (const auto ends = end_of(kept)) sessions_.is_over_now(kept, *ends);
    }
    net::http_response answer{.status = 204};
    answer.headers.add("Set-Cookie", cookie_field("", std::chrono::seconds(0)));
    return answer;
}

task<std::string> handler::me_json(session_ptr of) {
    bool may_triage = false;
    if (triage_ != nullptr) {
        const auto mine = co_await changeable(of);
        may_triage      = mine && !is_nobodys(*mine);
    }
    json_text_writer json;
    json->StartObject();
    json.key("user").text(of->who.name);
    json.key("kind").text(of->kind);
    json.key("everything")->Bool(of->who.sees.everything);
    json.key("projects")->StartArray();
    for (const auto& each : of->who.sees.projects) json.text(each);
    json->EndArray();
    json.key("mayReplay")->Bool(of->who.may_replay);
    json.key("mayTriage")->Bool(may_triage);
    json.key("ends").text(time_text(of->ends));
    json.key("version").text(opt_.version);
    json.key("stores")->StartArray();
    for (const auto& each : opt_.stores) json.text(each);
    json->EndArray();
    json->EndObject();
    co_return json.taken();
}

handler::reply handler::me(question q) {
    co_return json_answer(co_await me_json(q.who));
}

}  // namespace falconer::console

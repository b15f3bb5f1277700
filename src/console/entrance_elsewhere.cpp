// Signing in at somebody else's: the way there, and the way back.
#include "handler.hpp"

#include "access/garden_access.hpp"
#include "access/oidc.hpp"
#include "falconer/log.hpp"
#include "falconer/spelling.hpp"

#include <utility>

namespace falconer::console {
namespace {

net::http_response sent_to(std::string_view where) {
    net::http_response answer{.status = 303};
    answer.headers.add("Location", where);
    return answer;
}

/// The browser comes back from another site: a stricter cookie would not come with it.
std::string flow_field(std::string_view kept, std::chrono::seconds life, bool secure) {
    return std::string(flow_cookie) + '=' + std::string(kept) +
           "; Path=/api/v1/sign-in; HttpOnly; SameSite=Lax; Max-Age=" +
           std::to_string(life.count()) + (secure ? "; Secure" : "");
}

problem not_so() {
    return {403, "forbidden", "Not in this way", "Nobody signs in elsewhere: see console.oidc."};
}

/// The page says it in its own words.
std::string refusal(const failure& why) {
    return why.code == errc::denied ? "/sign-in?refused=sign-in" : "/sign-in?refused=away";
}

}  // namespace

task<net::http_response> handler::begin_elsewhere(address where) {
    if (oidc_ == nullptr || garden_ == nullptr) co_return answer_of(not_so());
    auto to    = where.text("to");
    auto begun = co_await oidc_->begin(std::move(to));
    if (!begun) {
        if (const auto held = away_.open(time_.now()))
            log_of("console").warn(
                "nobody can sign in elsewhere reason=\"{}\" suppressed={}",
                in_one_line(begun.error().detail), *held
            );
        co_return sent_to(refusal(failure{errc::unavailable, ""}));
    }
    auto answer = sent_to(begun->address);
    answer.headers.add(
        "Set-Cookie", flow_field(begun->kept, oidc_->how().patience, oidc_->is_secure())
    );
    co_return answer;
}

task<net::http_response> handler::back_from_elsewhere(address back, std::string kept) {
    if (oidc_ == nullptr || garden_ == nullptr) co_return answer_of(not_so());
    const auto over  = flow_field("", std::chrono::seconds(0), oidc_->is_secure());
    auto       ended = co_await oidc_->finish(std::move(back.parameters), std::move(kept));
    result<sessions::opened> opened = failure{errc::denied, ""};
    if (ended) {
        secret      token = ended->token;
        std::string kind  = "oidc", none;
        opened            = co_await let_in(std::move(token), std::move(kind), std::move(none));
    }
    if (!ended || !opened) {
        const auto& why = ended ? opened.error() : ended.error();
        if (const auto held = refused_.open(time_.now()))
            log_of("console").warn(
                "somebody was not let in reason=\"{}\" suppressed={}", in_one_line(why.detail),
                *held
            );
        auto answer = sent_to(refusal(why));
        answer.headers.add("Set-Cookie", over);
        co_return answer;
    }
    auto answer = sent_to(ended->to);
    answer.headers.add("Set-Cookie", over);
    answer.headers.add("Set-Cookie", cookie_field(opened->token, opened->what->ends - time_.utc()));
    co_return answer;
}

}  // namespace falconer::console

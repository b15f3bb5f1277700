// Whom the garden knows: how they come in, and what of them is too much.
#include "handler.hpp"

#include "access/garden_access.hpp"
#include "access/kubeconfig_token.hpp"
#include "falconer/log.hpp"
#include "falconer/spelling.hpp"
#include "falconer/value.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

constexpr std::string_view session_purpose = "session";
/// Browsers keep 4 KiB, name and attributes included. Source: RFC 6265 §6.1
constexpr std::size_t largest_cookie = 3800;

problem not_signed_in() {
    return {401, "not-signed-in", "Nobody is signed in", "Sign in, and try again."};
}

/// Of asking the garden.
problem of_the_garden(const failure& why) {
    if (why.code == errc::denied)
        return {
            401, "wrong-token", "Not signed in", "The garden does not know this token (any more)."
        };
    if (why.code == errc::overloaded)
        return {
            .status      = 429,
            .kind        = "too-many",
            .title       = "Too many sign in at once",
            .detail      = "Try again in a moment.",
            .retry_after = 2
        };
    return {
        .status = 503,
        .kind   = "garden-away",
        .title  = "The garden does not answer",
        .detail = "It says who you are and what you may see. Events are taken in all the same.",
        .retry_after = 5
    };
}

/// What lies sealed in a session's cookie.
struct kept_session {
    secret      token{};
    std::string kind{};
    utc_time    ends{};
};

std::string text_of(const kept_session& is) {
    const auto ends = std::chrono::floor<std::chrono::seconds>(is.ends).time_since_epoch().count();
    return json_text(
        {{"token", is.token.reveal()}, {"kind", is.kind}, {"ends", static_cast<std::int64_t>(ends)}}
    );
}

/// Nothing: it is none of ours.
std::optional<kept_session> kept_in(
    const std::optional<net::sealed_box>& box, const std::string& cookie
) {
    const auto text = box ? box->open(cookie, session_purpose) : std::nullopt;
    if (!text) return std::nullopt;
    const auto  read = parse_json(*text);
    const auto* ends = read ? read->find("ends") : nullptr;
    if (ends == nullptr || !ends->integer()) return std::nullopt;
    return kept_session{
        .token = secret(std::string(read->text_at({"token"}))),
        .kind  = std::string(read->text_at({"kind"})),
        .ends  = utc_time{std::chrono::seconds{*ends->integer()}}
    };
}

session session_of(garden_access::rights rights, secret token, garden_access& garden) {
    session made;
    made.who.name       = std::move(rights.who.name);
    made.who.sees       = std::move(rights.sees);
    made.who.may_replay = rights.operates;
    made.looked_until   = rights.good_until;
    made.token          = std::move(token);
    made.garden         = &garden;
    return made;
}

}  // namespace

net::http_response handler::refusal_of_garden(const failure& why) {
    log_gate& gate = why.code == errc::denied ? refused_ : away_;
    if (const auto held = gate.open(time_.now()))
        log_of("console").warn(
            "somebody was not let in reason=\"{}\" suppressed={}", in_one_line(why.detail), *held
        );
    return answer_of(of_the_garden(why));
}

/// With a token, or a kubeconfig that has one.
task<net::http_response> handler::sign_in_with_token(value what) {
    if (garden_ == nullptr)
        co_return answer_of(
            {403, "forbidden", "Not in this way", "No garden is asked here: see console.garden."}
        );
    secret token;
    if (const auto* text = what.find("kubeconfig")) {
        auto read = kubeconfig_token(text->text() == nullptr ? "" : *text->text());
        if (!read) co_return answer_of(wrong_parameter("kubeconfig", read.error().detail));
        token = std::move(*read);
    } else {
        token = secret(std::string(what.text_at({"token"})));
    }
    std::string kind   = "token", none;
    auto        opened = co_await let_in(std::move(token), std::move(kind), std::move(none));
    if (!opened) co_return refusal_of_garden(opened.error());
    auto answer = json_answer(co_await me_json(opened->what));
    answer.headers.add("Set-Cookie", cookie_field(opened->token, opened->what->ends - time_.utc()));
    co_return answer;
}

/// Opens a session for whoever has this token.
task<result<sessions::opened>> handler::let_in(
    secret token, std::string kind, std::string cookie, std::optional<utc_time> until
) {
    secret asked  = token;
    auto   rights = co_await garden_->of(std::move(asked), garden_access::right::read);
    if (!rights) co_return std::move(rights).error();
    // Wherever it goes on, it ends when it would have ended where it began.
    auto ends = until.value_or(time_.utc() + sessions_.life());
    if (rights->ends) ends = std::min(ends, *rights->ends);
    auto made       = session_of(std::move(*rights), std::move(token), *garden_);
    made.kind       = std::move(kind);
    const bool here = cookie.empty();
    if (here && opt_.box) {
        const kept_session kept{.token = made.token, .kind = made.kind, .ends = ends};
        auto               sealed = opt_.box->seal(text_of(kept), session_purpose);
        if (sealed.size() <= largest_cookie) cookie = std::move(sealed);
    }
    auto opened = sessions_.open(std::move(made), ends, std::move(cookie));
    if (!here) co_return opened;
    log_of("console").info(
        "signed in user=\"{}\" way={}", in_one_line(opened.what->who.name), opened.what->kind
    );
    co_return opened;
}

/// Of a cookie that another replica made. Null: it is none.
task<result<session_ptr>> handler::resumed(std::string cookie) {
    const session_ptr none;
    if (garden_ == nullptr || sessions_.is_over(cookie)) co_return none;
    auto kept = kept_in(opt_.box, cookie);
    if (!kept || kept->ends <= time_.utc()) co_return none;
    const std::string   name  = cookie;
    const std::optional until = kept->ends;
    secret              token = std::move(kept->token);
    std::string         kind  = std::move(kept->kind);
    auto opened = co_await let_in(std::move(token), std::move(kind), std::move(cookie), until);
    if (!opened && opened.error().code == errc::denied) co_return none;
    if (!opened) co_return std::move(opened).error();
    // Somebody may have signed out of it while the garden was asked.
    if (sessions_.is_over(name)) {
        sessions_.sign_out(name);
        co_return none;
    }
    co_return opened->what;
}

std::optional<utc_time> handler::end_of(const std::string& cookie) const {
    const auto kept = kept_in(opt_.box, cookie);
    if (!kept) return std::nullopt;
    return kept->ends;
}

/// Whose request it is: of the header Authorization or of a session. What they may see is of now.
task<std::optional<net::http_response>> handler::enter(question& q) {
    const auto field = q.request.headers.find("Authorization");
    if (field && field->starts_with(bearer_scheme) && garden_ != nullptr) {
        secret token(std::string(field->substr(bearer_scheme.size())));
        q.who = sessions_.find_bearer(token);
        if (!q.who) {
            secret asked  = token;
            auto   rights = co_await garden_->of(std::move(asked), garden_access::right::read);
            if (!rights) co_return refusal_of_garden(rights.error());
            const auto ends = rights->ends;
            auto       made = session_of(std::move(*rights), std::move(token), *garden_);
            made.kind       = "bearer";
            q.who           = sessions_.open_bearer(std::move(made), ends);
        }
    } else {
        q.who = sessions_.find(q.token);
        if (!q.who) {
            std::string cookie    = q.token;
            auto        elsewhere = co_await resumed(std::move(cookie));
            if (!elsewhere) co_return refusal_of_garden(elsewhere.error());
            q.who = std::move(*elsewhere);
        }
    }
    if (!q.who) co_return answer_of(not_signed_in());
    auto may = co_await look_again(q.who, time_);
    if (may) co_return std::nullopt;
    if (may.error().code == errc::denied) co_return answer_of(not_signed_in());
    co_return refusal_of_garden(may.error());
}

/// Of all that one user has under way, from however many places. Demo users have their sessions'
/// limits alone.
std::optional<problem> handler::too_much_of(const question& q) {
    if (q.who->garden == nullptr) return std::nullopt;
    const auto& user     = q.who->who.name;
    const auto  too_many = [](std::string detail, std::uint32_t seconds) {
        return problem{
             .status      = 429,
             .kind        = "too-many",
             .title       = "Too much of one user",
             .detail      = std::move(detail),
             .retry_after = seconds
        };
    };
    if (sessions_.count(user, &session::questions) >= 2 * opt_.questions)
        return too_many("Other questions of yours are being answered.", 1);
    if (q.where.path == "/api/v1/tail" && sessions_.count(user, &session::tails) >= 2 * opt_.tails)
        return too_many("Close another live view.", 5);
    if (q.where.path == "/api/v1/export" &&
        sessions_.count(user, &session::exports) >= 2 * opt_.exports)
        return too_many("Let another file end first.", 10);
    if (const auto wait = limits_.ask(user))
        return too_many(
            "You have asked for much in the last minute.", static_cast<std::uint32_t>(wait->count())
        );
    return std::nullopt;
}

void handler::note(const session& of, const std::string& what, unsigned status) const {
    if (!opt_.audit_reads) return;
    log_of("audit").info(
        "asked user=\"{}\" way={} what=\"{}\" status={}", in_one_line(of.who.name), of.kind,
        in_one_line(what), status
    );
}

}  // namespace falconer::console

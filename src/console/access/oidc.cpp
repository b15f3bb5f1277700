#include "oidc.hpp"

#include "falconer/base64.hpp"
#include "falconer/ids.hpp"
#include "falconer/net/id_token.hpp"
#include "falconer/read_file.hpp"
#include "falconer/value.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

constexpr std::string_view purpose = "oidc flow";

/// Ended flows that are remembered. A code that is shown again beyond them is the issuer's to
/// refuse. Source: RFC 6749 §4.1.2
constexpr std::size_t most_used = 20'000;

/// 244 random bits, in 64 letters, as many as PKCE allows for and more than it asks for.
std::string chance() {
    auto text = uuid::random().text() + uuid::random().text();
    std::erase(text, '-');
    return text;
}

/// Into our page and nowhere else. Browsers leave tabs and ends of lines out of an address, and
/// take a backslash for a slash: "/<tab>/evil.example" is another site's.
/// Source: https://url.spec.whatwg.org/#concept-basic-url-parser
std::string inside(std::string to) {
    const bool odd  = std::ranges::any_of(to, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7F || c == '\\';
    });
    const bool good = to.starts_with('/') && !to.starts_with("//") && to.size() <= 2000 && !odd;
    return good ? std::move(to) : "/";
}

/// What the issuer says is wrong, in its own short word. Source: RFC 6749 §4.1.2.1
std::string said_in(std::string_view text) {
    std::string word(text.substr(0, 60));
    std::erase_if(word, [](char c) { return c <= ' ' || c >= 0x7F || c == '"'; });
    return word;
}

std::optional<std::string> field(const form_fields& of, std::string_view name) {
    const auto hit = std::ranges::find(of, name, &form_fields::value_type::first);
    if (hit == of.end()) return std::nullopt;
    return hit->second;
}

failure not_ours(std::string why) {
    return {errc::denied, std::move(why)};
}

bool has(const value& document, std::string_view list, std::string_view what) {
    const auto* all = document.find(list);
    if (all == nullptr) return false;
    return std::ranges::any_of(all->items(), [&](const value& each) {
        return each.is_text() && *each.text() == what;
    });
}

}  // namespace

oidc_sign_in::oidc_sign_in(
    time_source& time, net::http_client& web, net::sealed_box box, options opt
)
    : time_(time), web_(web), box_(box), opt_(std::move(opt)) {}

task<result<std::string>> oidc_sign_in::fetch(web_address from) {
    net::http_request ask{.method = "GET", .target = std::move(from.target)};
    ask.headers.add("Accept", "application/json");
    auto answer = co_await web_.send(std::move(from.place), std::move(ask));
    if (!answer) co_return std::move(answer).error().while_doing("asking the issuer");
    if (answer->status != 200)
        co_return failure{
            errc::unavailable, "the issuer answers " + std::to_string(answer->status)
        };
    co_return std::move(answer->body);
}

/// Source: OpenID Connect Discovery 1.0 §4.3: the document must be the issuer's own.
task<result<void>> oidc_sign_in::discover() {
    if (provider_ && time_.now() < provider_->looked + opt_.keep) co_return result<void>{};
    auto base = opt_.issuer;
    if (base.ends_with('/')) base.pop_back();
    auto where = parse_web_address(base + "/.well-known/openid-configuration");
    if (!where) co_return std::move(where).error();
    auto text = co_await fetch(std::move(*where));
    if (!text) co_return std::move(text).error();
    const auto read = parse_json(*text);
    if (!read) co_return failure{errc::unavailable, "the issuer's document is no JSON"};
    if (read->text_at({"issuer"}) != opt_.issuer)
        co_return failure{errc::unavailable, "the issuer's document is another issuer's"};
    provider made;
    made.authorize_url = read->text_at({"authorization_endpoint"});
    auto authorize     = parse_web_address(made.authorize_url);
    auto token         = parse_web_address(read->text_at({"token_endpoint"}));
    auto keys          = parse_web_address(read->text_at({"jwks_uri"}));
    if (!authorize) co_return std::move(authorize).error().while_doing("authorization_endpoint");
    if (!token) co_return std::move(token).error().while_doing("token_endpoint");
    if (!keys) co_return std::move(keys).error().while_doing("jwks_uri");
    made.token             = std::move(*token);
    made.keys              = std::move(*keys);
    constexpr auto methods = "token_endpoint_auth_methods_supported";
    made.secret_in_form =
        has(*read, methods, "client_secret_post") && !has(*read, methods, "client_secret_basic");
    made.looked = time_.now();
    provider_   = std::move(made);
    co_return co_await read_keys();
}

task<result<void>> oidc_sign_in::read_keys() {
    auto from = provider_->keys;
    auto text = co_await fetch(std::move(from));
    if (!text) co_return std::move(text).error();
    auto keys = net::parse_keys("the issuer's keys", *text);
    if (!keys) co_return failure{errc::unavailable, keys.error().detail};
    provider_->known       = std::move(*keys);
    provider_->keys_looked = time_.now();
    co_return result<void>{};
}

task<result<oidc_sign_in::begun>> oidc_sign_in::begin(std::string to) {
    auto found = co_await discover();
    if (!found) co_return std::move(found).error();
    const flow made{
        .state = chance(), .nonce = chance(), .verifier = chance(), .to = inside(std::move(to))
    };
    std::string scopes;
    for (const auto& each : opt_.scopes) scopes += (scopes.empty() ? "" : " ") + each;
    const auto question = form_text(
        {{"response_type", "code"},
         {"client_id", opt_.client},
         {"redirect_uri", opt_.redirect},
         {"scope", scopes},
         {"state", made.state},
         {"nonce", made.nonce},
         {"code_challenge", net::pkce_challenge(made.verifier)},
         {"code_challenge_method", "S256"}}
    );
    const auto ends = std::chrono::floor<std::chrono::seconds>(time_.utc()) + opt_.patience;
    begun      it;
    it.address  = provider_->authorize_url;
    it.address += (it.address.find('?') == it.address.npos ? '?' : '&') + question;
    it.kept     = box_.seal(
        json_text(
            {{"state", made.state},
                 {"nonce", made.nonce},
                 {"verifier", made.verifier},
                 {"to", made.to},
                 {"ends", static_cast<std::int64_t>(ends.time_since_epoch().count())}}
        ),
        purpose
    );
    co_return it;
}

/// That it is what this browser began, not long ago and not ended yet; and ends it.
result<oidc_sign_in::flow> oidc_sign_in::flow_of(const form_fields& back, const std::string& kept) {
    const auto text = box_.open(kept, purpose);
    const auto read = text ? parse_json(*text) : result<value>(failure{errc::malformed, ""});
    if (!read) return not_ours("nothing that was begun in this browser");
    const auto* ends = read->find("ends");
    const auto  till =
        utc_time{std::chrono::seconds{ends == nullptr ? 0 : ends->integer().value_or(0)}};
    if (till <= time_.utc()) return not_ours("it was begun too long ago");
    flow of{
        .state    = std::string(read->text_at({"state"})),
        .nonce    = std::string(read->text_at({"nonce"})),
        .verifier = std::string(read->text_at({"verifier"})),
        .to       = std::string(read->text_at({"to"}))
    };
    if (of.state.empty() || field(back, "state") != of.state)
        return not_ours("the state is not of this flow");
    // Anybody can begin and end flows: what is remembered of them has its bound.
    while (!used_until_.empty() &&
           (used_until_.front().second <= time_.utc() || used_.size() >= most_used)) {
        used_.erase(used_until_.front().first);
        used_until_.pop_front();
    }
    if (!used_.insert(of.state).second) return not_ours("it has been ended before");
    used_until_.emplace_back(of.state, till);
    return of;
}

task<result<oidc_sign_in::ended>> oidc_sign_in::finish(form_fields back, std::string kept) {
    auto of = flow_of(back, kept);
    if (!of) co_return std::move(of).error();
    if (const auto wrong = field(back, "error"))
        co_return not_ours("the issuer says " + said_in(*wrong));
    if (const auto who = field(back, "iss"); who && *who != opt_.issuer)
        co_return not_ours("another issuer answers");
    auto code = field(back, "code").value_or("");
    if (code.empty()) co_return not_ours("there is no code");
    auto found = co_await discover();
    if (!found) co_return std::move(found).error();
    auto flow_here = *of;
    auto token     = co_await exchange(std::move(code), std::move(flow_here));
    if (!token) co_return std::move(token).error();
    auto asked  = *token;
    auto judged = co_await judge(std::move(asked), *of);
    if (!judged) co_return std::move(judged).error();
    co_return ended{std::move(*token), std::move(of->to)};
}

/// The code for a token. Source: RFC 6749 §2.3.1, §4.1.3; RFC 7636 §4.5
task<result<secret>> oidc_sign_in::exchange(std::string code, flow of) {
    form_fields form{
        {"grant_type", "authorization_code"},
        {"code", std::move(code)},
        {"redirect_uri", opt_.redirect},
        {"client_id", opt_.client},
        {"code_verifier", of.verifier}
    };
    auto              where = provider_->token;
    net::http_request ask{.method = "POST", .target = std::move(where.target)};
    ask.headers.add("Content-Type", "application/x-www-form-urlencoded");
    ask.headers.add("Accept", "application/json");
    if (!opt_.secret_file.empty()) {
        auto read = read_file(opt_.secret_file, 4096);
        if (!read)
            co_return failure{
                errc::unavailable, opt_.secret_file.string() + ": " + read.error().detail
            };
        while (!read->empty() && (read->back() == '\n' || read->back() == '\r')) read->pop_back();
        if (provider_->secret_in_form)
            form.emplace_back("client_secret", *read);
        else
            ask.headers.add(
                "Authorization",
                "Basic " + encode_base64(escaped(opt_.client) + ':' + escaped(*read))
            );
    }
    ask.body    = form_text(form);
    auto answer = co_await web_.send(std::move(where.place), std::move(ask));
    if (!answer) co_return std::move(answer).error().while_doing("asking the issuer for a token");
    const auto read = parse_json(answer->body);
    if (answer->status >= 400 && answer->status < 500)
        co_return not_ours(
            "the issuer gives no token: " +
            (read ? said_in(read->text_at({"error"})) : std::to_string(answer->status))
        );
    if (answer->status != 200 || !read)
        co_return failure{
            errc::unavailable, "the issuer answers " + std::to_string(answer->status)
        };
    secret token(std::string(read->text_at({"id_token"})));
    if (token.empty()) co_return not_ours("the issuer gives no ID token");
    co_return token;
}

/// One that is signed with a key that we do not know may be signed with a new one.
task<result<void>> oidc_sign_in::judge(secret token, flow of) {
    const net::id_token_rules rules{
        .issuer = opt_.issuer, .client = opt_.client, .nonce = of.nonce
    };
    auto verdict = net::verify_id_token(token.reveal(), provider_->known, rules, time_.utc());
    if (verdict.why == "key" && time_.now() >= provider_->keys_looked + opt_.again) {
        auto read = co_await read_keys();
        if (!read) co_return std::move(read).error();
        verdict = net::verify_id_token(token.reveal(), provider_->known, rules, time_.utc());
    }
    if (!verdict) co_return not_ours("the ID token is not good: " + std::string(verdict.why));
    co_return result<void>{};
}

}  // namespace falconer::console

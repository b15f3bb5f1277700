#include "registry.hpp"

#include "falconer/base64.hpp"
#include "falconer/value.hpp"

#include <algorithm>
#include <utility>

namespace falconer::oci {
namespace {

constexpr int  most_redirections = 5;
constexpr auto accepted =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "*/*;q=0.1";

/// The first error of a registry's answer, if it is one that may be printed.
std::string reason_in(const net::http_response& answer) {
    const auto  read = parse_json(answer.body.substr(0, 16'384));
    const auto* all  = read ? read->find("errors") : nullptr;
    if (all == nullptr || all->items().empty()) return {};
    std::string said(all->items()[0].text_at({"code"}));
    if (const auto more = all->items()[0].text_at({"message"}); !more.empty())
        said += (said.empty() ? "" : ": ") + std::string(more.substr(0, 200));
    std::ranges::replace_if(said, [](char c) { return c < ' ' || c > '~'; }, '?');
    return said.empty() ? said : " (" + said + ')';
}

failure refusal(const net::http_response& answer, const std::string& what) {
    const auto status = answer.status;
    const auto code   = status == 404                    ? errc::not_found
                        : status == 401 || status == 403 ? errc::denied
                        : status == 429 || status >= 500 ? errc::unavailable
                                                         : errc::malformed;
    return {code, what + " is answered " + std::to_string(status) + reason_in(answer)};
}

bool is_redirection(unsigned status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string basic(const login& who) {
    return "Basic " + encode_base64(who.user + ':' + who.password.reveal());
}

/// A token that would break the field it goes into is none.
bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= 12'000 &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

registry::registry(net::http_client& http, options opt)
    : http_(http), opt_(std::move(opt)), prefix_(opt_.base.target.substr(1)) {
    while (prefix_.ends_with('/')) prefix_.pop_back();
    if (!prefix_.empty()) prefix_ += '/';
}

std::string registry::repository_of(const std::string& artifact) const {
    return prefix_ + artifact;
}

std::string registry::name_of(const std::string& artifact) const {
    return host_of(opt_.base.place) + '/' + repository_of(artifact);
}

task<result<served_document>> registry::manifest(std::string artifact, std::string reference) {
    const auto name   = name_of(artifact) + (reference.find(':') == reference.npos ? ':' : '@');
    auto       answer = co_await get(repository_of(artifact), "manifests/" + reference);
    if (!answer) co_return std::move(answer).error();
    if (answer->status != 200) co_return refusal(*answer, name + reference);
    if (answer->body.size() > largest_manifest)
        co_return failure{errc::too_large, name + reference + " has more than a mebibyte"};
    served_document got{.text = std::move(answer->body)};
    got.media_type = answer->headers.find("Content-Type").value_or("");
    co_return got;
}

task<result<std::string>> registry::blob(std::string artifact, descriptor which) {
    auto answer = co_await get(repository_of(artifact), "blobs/" + which.is.text());
    if (!answer) co_return std::move(answer).error();
    if (answer->status != 200)
        co_return refusal(*answer, name_of(artifact) + '@' + which.is.text());
    co_return std::move(answer->body);
}

result<void> registry::may_ask(const url& where) const {
    if (is_loopback(where.place)) {
        if (is_loopback(opt_.base.place)) return {};
        return failure{
            errc::denied, where.text() + ", where " + host_of(opt_.base.place) +
                              " sends us, is this machine, on which it has no business"
        };
    }
    if (where.place.tls || opt_.plain == plain_http::allowed) return {};
    return failure{
        errc::denied, "plain HTTP to " + host_of(where.place) + " is not allowed (--plain-http)"
    };
}

/// One request and, if need be, one more with what the answer to it asked for.
task<result<net::http_response>> registry::get(std::string repository, std::string what) {
    const url where{opt_.base.place, "/v2/" + repository + '/' + what};
    auto      first = co_await ask(where, authorization_[repository]);
    if (!first || first->status != 401) co_return std::move(first);
    auto allowed = co_await authorize(repository, std::move(*first));
    if (!allowed) co_return std::move(allowed).error();
    authorization_[repository] = *allowed;
    auto second                = co_await ask(where, *allowed);
    co_return std::move(second);
}

/// Follows redirections. What we show to the registry is for the registry: once it has sent us
/// elsewhere, nobody sees it.
task<result<net::http_response>> registry::ask(url where, std::string authorization) {
    bool at_home = true;
    for (int hop = 0; hop <= most_redirections; ++hop) {
        if (auto allowed = may_ask(where); !allowed) co_return std::move(allowed).error();
        net::http_request request{.target = where.target};
        request.headers.add("Accept", accepted);
        at_home = at_home && where.place == opt_.base.place;
        if (at_home && !authorization.empty()) request.headers.add("Authorization", authorization);
        auto answer = co_await http_.send(where.place, std::move(request));
        // Elsewhere nobody may ask who we are: the answer would be for the registry only.
        if (answer && answer->status == 401 && !at_home)
            co_return failure{
                errc::denied, where.text() + ", where " + host_of(opt_.base.place) +
                                  " sends us, asks for credentials; it gets none"
            };
        if (!answer || !is_redirection(answer->status)) co_return std::move(answer);
        const auto location = answer->headers.find("Location").value_or("");
        auto       next     = follow(where, location);
        if (!next)
            co_return std::move(next).error().while_doing("a redirection of " + where.text());
        where = std::move(*next);
    }
    co_return failure{errc::malformed, "it redirects again and again"};
}

/// What to show next time: a token fetched as whom the credentials say, or as nobody.
task<result<std::string>> registry::authorize(std::string repository, net::http_response refused) {
    std::vector<challenge> all;
    refused.headers.each([&](std::string_view name, std::string_view value) {
        if (!std::ranges::equal(
                name, std::string_view("www-authenticate"), {},
                [](unsigned char c) { return static_cast<char>(std::tolower(c)); }
            ))
            return;
        for (auto& each : parse_challenges(value)) all.push_back(std::move(each));
    });
    const auto* who = opt_.logins.find(host_of(opt_.base.place), repository);
    for (auto& each : all) {
        if (each.scheme == "bearer") {
            auto token = co_await fetch_token(repository, std::move(each));
            if (!token) co_return std::move(token).error();
            co_return "Bearer " + *token;
        }
        if (each.scheme == "basic" && who != nullptr) co_return basic(*who);
    }
    co_return refusal(refused, host_of(opt_.base.place) + '/' + repository + ", asked for,");
}

task<result<std::string>> registry::fetch_token(std::string repository, challenge what) {
    auto where = parse_url(what.parameters["realm"]);
    if (!where) co_return std::move(where).error().while_doing("the realm of the tokens");
    if (auto allowed = may_ask(*where); !allowed) co_return std::move(allowed).error();
    const auto& service  = what.parameters["service"];
    where->target       += where->target.find('?') == std::string::npos ? '?' : '&';
    // Exactly what we need, whatever scope it names.
    where->target += "scope=" + percent_encoded("repository:" + repository + ":pull");
    if (!service.empty()) where->target += "&service=" + percent_encoded(service);

    net::http_request request{.target = where->target};
    if (const auto* who = opt_.logins.find(host_of(opt_.base.place), repository); who != nullptr)
        request.headers.add("Authorization", basic(*who));
    auto answer = co_await http_.send(where->place, std::move(request));
    if (!answer) co_return std::move(answer).error();
    if (answer->status != 200)
        co_return refusal(*answer, "a token of " + host_of(where->place) + " for " + repository);
    const auto read = parse_json(answer->body);
    if (!read) co_return failure{errc::malformed, "the token's answer: " + read.error().detail};
    std::string token(read->text_at({"token"}));
    if (token.empty()) token = read->text_at({"access_token"});
    if (!is_token(token)) co_return failure{errc::malformed, "the token's answer has no token"};
    co_return token;
}

}  // namespace falconer::oci

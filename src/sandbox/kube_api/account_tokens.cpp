#include "account_tokens.hpp"

#include "answers.hpp"
#include "falconer/base64.hpp"
#include "falconer/event.hpp"
#include "falconer/ids.hpp"
#include "server.hpp"
#include "writing.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace falconer::sandbox {
namespace {

using std::chrono::seconds;

constexpr seconds      usual{3600}, shortest{600}, longest{48 * 3600};
constexpr std::int64_t most_seconds = std::int64_t{1} << 32;

std::string base64url(std::string_view text) {
    auto made = encode_base64(text);
    std::ranges::replace(made, '+', '-');
    std::ranges::replace(made, '/', '_');
    std::erase(made, '=');
    return made;
}

/// Why a typed reader could not read it; empty: it can.
std::string unreadable(const value& wish) {
    const auto kind = wish.text_at({"kind"});
    if (!kind.empty() && kind != "TokenRequest")
        return "the kind in the data (" + std::string(kind) +
               ") does not match the expected one (TokenRequest)";
    for (const auto* key : {"metadata", "spec", "status"})
        if (const auto* const is = wish.find(key); is != nullptr && !is->is_null() && !is->is_map())
            return std::string(key) + ": expected a mapping, found " + described(*is);
    const auto* const lasts = wish.find_path({"spec", "expirationSeconds"});
    if (lasts != nullptr && !lasts->is_null() && !lasts->integer())
        return "spec.expirationSeconds: expected a whole number, found " + described(*lasts);
    return {};
}

failure impossible(const std::string& why) {
    return {
        errc::malformed,
        "TokenRequest.authentication.k8s.io \"\" is invalid: "
        "spec.expirationSeconds: Invalid value: " +
            why
    };
}

}  // namespace

kube_type account_type() {
    return {.kind = "ServiceAccount", .plural = "serviceaccounts"};
}

bool is_token_request(const kube_type& type, const api_route& route) {
    return type == account_type() && route.part == "token" && !route.name.empty();
}

result<account_token> issue_account_token(
    const api_store& store, const kube_key& account, const value& wish, utc_time now
) {
    const auto found = store.get(account_type(), account);
    if (!found) return found.error();
    if (const auto why = unreadable(wish); !why.empty()) return failure{errc::broken, why};
    auto        life  = usual;
    const auto* asked = wish.find_path({"spec", "expirationSeconds"});
    if (asked != nullptr && asked->integer()) life = seconds(*asked->integer());
    if (life < shortest) return impossible("may not specify a duration less than 10 minutes");
    if (life.count() > most_seconds)
        return impossible("may not specify a duration larger than 2^32 seconds");
    life              = std::min(life, longest);
    const auto begins = std::chrono::floor<seconds>(now);
    const auto ends   = begins + life;
    const auto name   = "system:serviceaccount:" + account.namespace_name + ":" + account.name;
    const auto number = [](auto when) {
        return static_cast<std::int64_t>(when.time_since_epoch().count());
    };
    const value claims{
        {"iss", "https://sandbox"}, {"sub", name}, {"iat", number(begins)}, {"exp", number(ends)}
    };

    account_token made;
    made.token = secret(
        base64url(R"({"alg":"RS256","kid":"sandbox"})") + '.' + base64url(json_text(claims)) + '.' +
        base64url(uuid::random().text())
    );
    made.who = {
        .name = name,
        .groups =
            {"system:serviceaccounts", "system:serviceaccounts:" + account.namespace_name,
             "system:authenticated"},
        .uid     = std::string(found->text_at({"metadata", "uid"})),
        .account = account,
        .ends    = ends
    };
    made.answer                                  = wish;
    made.answer["apiVersion"]                    = "authentication.k8s.io/v1";
    made.answer["kind"]                          = "TokenRequest";
    made.answer["metadata"]["name"]              = account.name;
    made.answer["metadata"]["namespace"]         = account.namespace_name;
    made.answer["status"]["token"]               = made.token.reveal();
    made.answer["status"]["expirationTimestamp"] = text_of(event_time_of(ends));
    return made;
}

net::http_response api_server::account_token(
    const api_store& store, const api_route& route, const net::http_request& request
) {
    if (request.method != "POST") return not_allowed();
    auto wish = body_of(request, true);
    if (!wish) return refusal(wish.error());
    auto made = issue_account_token(store, {route.namespace_name, route.name}, *wish, time_.utc());
    if (!made) return refusal(made.error());
    std::erase_if(users_, [&](const auto& each) {
        return each.second.ends && *each.second.ends <= time_.utc();
    });
    know(made->token, std::move(made->who));
    return json_answer(201, made->answer);
}

}  // namespace falconer::sandbox

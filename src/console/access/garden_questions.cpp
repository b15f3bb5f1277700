#include "garden_questions.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

/// Those of people in many groups are the longest; a header has no more room.
constexpr std::size_t longest_token = 12 * 1024;

const kube_type token_reviews{
    .group      = "authentication.k8s.io",
    .kind       = "TokenReview",
    .plural     = "tokenreviews",
    .namespaced = false
};
const kube_type access_reviews{
    .group      = "authorization.k8s.io",
    .kind       = "SubjectAccessReview",
    .plural     = "subjectaccessreviews",
    .namespaced = false
};

/// A question is an object that is created and never kept; its name is not sent.
value question(const kube_type& type, value spec) {
    return {{"apiVersion", type.api_version()}, {"kind", type.kind}, {"spec", std::move(spec)}};
}

/// Of asking: whatever it is, the one who wants to sign in has not been refused.
failure not_said(failure why) {
    if (worth_retrying(why)) return std::move(why).while_doing("asking the garden");
    return failure{errc::unavailable, "the garden does not answer: " + why.detail};
}

bool is_true(const value& in, std::string_view key) {
    const auto* const said = in.find_path({"status", key});
    return said != nullptr && said->boolean() == true;
}

}  // namespace

bool is_bearer_token(std::string_view text) {
    return !text.empty() && text.size() <= longest_token &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

task<result<garden_user>> garden_questions::who_has(secret token) {
    const failure nobody{errc::denied, "the garden does not know this token (any more)"};
    if (!is_bearer_token(token.reveal())) co_return nobody;
    value     spec{{"token", token.reveal()}};
    auto      asked = question(token_reviews, std::move(spec));
    kube_type type  = token_reviews;
    kube_key  none{"", "question"};
    auto answer = co_await garden_.create(std::move(type), std::move(none), std::move(asked), {});
    if (!answer) co_return not_said(std::move(answer).error());
    if (!is_true(*answer, "authenticated")) co_return nobody;
    garden_user who{
        .name = std::string(answer->text_at({"status", "user", "username"})),
        .uid  = std::string(answer->text_at({"status", "user", "uid"}))
    };
    if (who.name.empty()) co_return nobody;
    if (const auto* groups = answer->find_path({"status", "user", "groups"}))
        for (const auto& each : groups->items())
            if (each.is_text()) who.groups.push_back(*each.text());
    if (const auto* extra = answer->find_path({"status", "user", "extra"})) who.extra = *extra;
    co_return who;
}

task<result<bool>> garden_questions::may(garden_user who, garden_wish what) {
    auto groups = value::list();
    for (const auto& each : who.groups) groups.push_back(each);
    value wish{{"verb", what.verb}, {"group", what.group}, {"resource", what.resource}};
    if (!what.namespace_name.empty()) wish["namespace"] = what.namespace_name;
    value spec{
        {"user", who.name}, {"groups", std::move(groups)}, {"resourceAttributes", std::move(wish)}
    };
    if (!who.uid.empty()) spec["uid"] = who.uid;
    if (who.extra.is_map()) spec["extra"] = std::move(who.extra);
    auto      asked = question(access_reviews, std::move(spec));
    kube_type type  = access_reviews;
    kube_key  none{"", "question"};
    auto answer = co_await garden_.create(std::move(type), std::move(none), std::move(asked), {});
    if (!answer) co_return not_said(std::move(answer).error());
    co_return is_true(*answer, "allowed") && !is_true(*answer, "denied");
}

}  // namespace falconer::console

#include "falconer/falco/token_plan.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

using namespace std::chrono_literals;
using std::chrono::ceil;
using std::chrono::floor;
using std::chrono::seconds;

constexpr seconds shortest = 30s;
constexpr seconds longest  = std::chrono::days(36'500);

const char* key_of(cluster_token kind) {
    return kind == cluster_token::central ? "central.jwt" : "cluster-identity.jwt";
}

/// Why the kept token will not do; empty, if it will.
std::string fault_of(
    const secret& kept, const std::optional<minted_token>& says, const token_wants& all,
    const token_want& want, utc_time now
) {
    if (kept.empty()) return "there was none";
    if (!says) return "the kept one is not from the key and issuer that sign now";
    if (says->cluster != all.cluster) return "the cluster's identity has changed";
    if (says->kind != want.kind) return "the kept one is of the other kind";
    if (says->issued > now + 1min) return "the kept one is from the future";
    if (all.revoked_before && says->issued < *all.revoked_before) return "the kept one is revoked";
    if (now + all.soon >= token_due(*says, want.lifetime)) return "two thirds of its life are over";
    return {};
}

result<planned_token> plan_one(
    const secret& kept, const token_wants& all, const token_want& want, token_mint& mint,
    utc_time now
) {
    const auto says = kept.empty() ? std::nullopt : mint.read(kept.reveal());
    auto       why  = fault_of(kept, says, all, want, now);
    if (why.empty())
        return planned_token{
            .token   = kept,
            .issued  = says->issued,
            .due     = token_due(*says, want.lifetime),
            .expires = says->expires
        };
    // Issued in whole seconds: one of this very second would be as old as what is revoked in it.
    const auto from   = all.revoked_before && floor<seconds>(now) < *all.revoked_before &&
                              *all.revoked_before <= now
                            ? utc_time{ceil<seconds>(*all.revoked_before)}
                            : now;
    auto       issued = mint.issue(all.cluster, want.kind, want.lifetime, from);
    if (!issued) return std::move(issued).error();
    const auto is = mint.read(*issued);
    if (!is) return failure{errc::malformed, "the new token is not what was asked for"};
    return planned_token{
        .token      = secret{*issued},
        .issued     = is->issued,
        .due        = token_due(*is, want.lifetime),
        .expires    = is->expires,
        .why_issued = std::move(why)
    };
}

bool same(const kept_secret& a, const kept_secret& b) {
    const auto equal = [](const auto& x, const auto& y) {
        return x.first == y.first && x.second.reveal() == y.second.reveal();
    };
    return a.labels == b.labels && std::ranges::equal(a.data, b.data, equal);
}

}  // namespace

utc_time token_due(const minted_token& token, seconds lifetime) noexcept {
    const auto life =
        std::min(std::chrono::duration_cast<seconds>(token.expires - token.issued), lifetime);
    return token.issued + life * 2 / 3;
}

result<token_plan> plan_tokens(
    const std::optional<kept_secret>& kept, const token_wants& want, token_mint& mint, utc_time now
) {
    token_plan plan;
    plan.kept = kept.value_or(kept_secret{});
    for (const auto kind : {cluster_token::central, cluster_token::cluster_identity}) {
        const auto asked = std::ranges::find(want.tokens, kind, &token_want::kind);
        if (asked == want.tokens.end()) {
            plan.kept.data.erase(key_of(kind));
            continue;
        }
        if (asked->lifetime < shortest || asked->lifetime > longest)
            return failure{errc::malformed, "tokenLifetime: must be between 30s and 876000h"};
        auto limited = want;  // never so early that the next call would renew it again
        limited.soon = std::clamp(want.soon, 0s, asked->lifetime / 3);
        auto one     = plan_one(plan.kept.at(key_of(kind)), limited, *asked, mint, now);
        if (!one) return std::move(one).error().while_doing("a token for " + want.cluster);
        plan.kept.data.insert_or_assign(key_of(kind), one->token);
        plan.look_again = std::min(plan.look_again, one->due);
        plan.tokens.emplace(kind, *std::move(one));
    }
    if (!kept && plan.tokens.empty()) return plan;
    if (!plan.kept.data.empty()) plan.kept.labels[kept_secret::persist_label] = "true";
    plan.write = !kept || !same(*kept, plan.kept);
    return plan;
}

}  // namespace falconer::falco

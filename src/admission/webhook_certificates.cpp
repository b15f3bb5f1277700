#include "webhook_certificates.hpp"

#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace falconer::admissions {
namespace {

using namespace std::chrono_literals;
using falco::certificate_check;
using falco::kept_secret;
using falco::key_pair;
using std::chrono::seconds;
using step = webhook_step;

constexpr auto soonest_end = std::chrono::days(10);

/// The names in the Secret. The last two are times.
constexpr const char *authority_crt = "ca.crt", *authority_key = "ca.key";
constexpr const char *leaf_crt = "tls.crt", *leaf_key = "tls.key";
constexpr const char *next_crt = "ca-next.crt", *next_key = "ca-next.key";
constexpr const char* previous_crt   = "ca-previous.crt";
constexpr const char *next_published = "ca-next.published", *previous_since = "ca-previous.since";

struct state {
    key_pair                authority{}, leaf{};
    std::optional<key_pair> next{};
    std::string             previous{};  // one or more
    std::optional<utc_time> published{};
    std::optional<utc_time> since{};  // of previous
};

std::optional<utc_time> time_of(const secret& text) {
    const auto read = parse_rfc3339(text.reveal());
    if (const auto* const at = std::get_if<event_time>(&read))
        return utc_time{seconds{at->seconds} + std::chrono::nanoseconds{at->nanos}};
    return std::nullopt;
}

state read(const kept_secret& from) {
    state is;
    is.authority = {from.at(authority_crt).reveal(), from.at(authority_key)};
    is.leaf      = {from.at(leaf_crt).reveal(), from.at(leaf_key)};
    if (from.data.contains(next_crt) || from.data.contains(next_key))
        is.next = key_pair{from.at(next_crt).reveal(), from.at(next_key)};
    is.previous  = from.at(previous_crt).reveal();
    is.published = time_of(from.at(next_published));
    is.since     = time_of(from.at(previous_since));
    return is;
}

void write(kept_secret& to, const state& is) {
    const auto put = [&](const char* key, const secret& text) {
        if (text.empty())
            to.data.erase(key);
        else
            to.data.insert_or_assign(key, text);
    };
    const auto when = [](const std::optional<utc_time>& at) {
        return secret{at ? text_of(event_time_of(*at)) : std::string{}};
    };
    put(authority_crt, secret{is.authority.certificate});
    put(authority_key, is.authority.key);
    put(leaf_crt, secret{is.leaf.certificate});
    put(leaf_key, is.leaf.key);
    put(next_crt, secret{is.next ? is.next->certificate : ""});
    put(next_key, is.next ? is.next->key : secret{});
    put(previous_crt, secret{is.previous});
    put(next_published, when(is.published));
    put(previous_since, when(is.since));
}

std::string trust_of(const state& is) {
    std::string text;
    for (const auto& each :
         {is.authority.certificate, is.next ? is.next->certificate : "", is.previous})
        for (const auto& one : certificates_in(each))
            if (text.find(one) == std::string::npos) text += one;
    return text;
}

/// Of several, those that somebody may still need.
std::string worth_trusting(std::string_view bundle, utc_time now) {
    std::string text;
    for (const auto& each : certificates_in(bundle))
        if (falco::check_authority(each, {}, now).vouches()) text += each;
    return text;
}

/// After four fifths of its life, or ten days before its end, but never in the first half of it.
utc_time due(const certificate_check& is) {
    const auto made = is.valid_from + falco::backdated;
    const auto life = std::chrono::duration_cast<seconds>(is.valid_until - made);
    return made + std::max(life / 2, std::min(life * 4 / 5, life - seconds(soonest_end)));
}

/// Replicas' clocks differ: what will be valid within this is judged as it will be then.
constexpr auto clocks_differ = 1h;

template <class Check>
certificate_check forgiving(utc_time now, Check&& check) {
    const certificate_check is        = check(now);
    const bool              too_early = is.fault == falco::certificate_fault::not_yet_valid;
    return too_early && is.valid_from <= now + clocks_differ ? check(is.valid_from) : is;
}

struct view {
    certificate_check authority{}, leaf{}, next{};
    bool              published = false;  // the whole trust, everywhere
};

struct decision {
    step        what = step::keep;
    std::string why{};
};

std::string said(const char* what, const certificate_check& is) {
    return std::string(what) + ' ' + std::string(falco::text_of(is.fault));
}

/// A leaf made now would end hardly later than the one there is: it is the last of its authority.
bool is_last(const view& has, const webhook_certificate_policy& policy, utc_time now) {
    const auto until = std::min<utc_time>(now + policy.leaf, has.authority.valid_until);
    return until < has.leaf.valid_until + policy.leaf / 4;
}

decision while_introducing(
    const state& is, const view& has, const webhook_certificate_policy& policy, utc_time now
) {
    if (!has.next) return {step::introduce, said("the new authority", has.next)};
    const bool noted = is.published && *is.published <= now;
    if (noted && now >= *is.published + policy.settle)
        return {step::switch_over, "everybody trusts the new authority"};
    if (!noted && has.published) return {step::note_published, "the new bundle is published"};
    return {};
}

decision decide(
    const state& is, const view& has, const webhook_certificate_policy& policy, utc_time now
) {
    if (!has.authority.vouches() || (!has.authority && !has.leaf)) {
        if (is.next && has.next) return {step::switch_over, said("the authority", has.authority)};
        return {step::start_anew, said("the authority", has.authority)};
    }
    if (!has.leaf) return {step::renew_leaf, said("the leaf", has.leaf)};
    if (is.next) return while_introducing(is, has, policy, now);
    if (!has.authority) return {step::introduce, said("the authority", has.authority)};
    if (!is.previous.empty() && (!is.since || now >= *is.since + policy.overlap))
        return {step::retire, "nobody needs the old authority"};
    if (now >= due(has.authority)) return {step::introduce, "the authority is due for renewal"};
    if (now < due(has.leaf)) return {};
    if (is_last(has, policy, now)) return {step::introduce, "the authority's last leaf is due"};
    return {step::renew_leaf, "the leaf is due for renewal"};
}

result<void> renew_leaf(state& is, const webhook_certificate_want& want, utc_time now) {
    auto made = falco::make_leaf(
        {.name      = want.names.front(),
         .dns_names = want.names,
         .now       = now,
         .lifetime  = want.policy.leaf},
        is.authority
    );
    if (!made) return std::move(made).error();
    is.leaf = *std::move(made);
    return {};
}

result<key_pair> new_authority(const webhook_certificate_want& want, utc_time now) {
    return falco::make_authority(
        {.name = "ca-" + want.name, .now = now, .lifetime = want.policy.authority}
    );
}

/// Whoever was trusted so far is trusted for a while yet.
void step_back(state& is, std::string_view trusted, utc_time now) {
    is.previous = worth_trusting(trusted, now);
    is.since    = is.previous.empty() ? std::nullopt : std::optional(now);
}

result<void> carry_out(
    state& is, step what, const webhook_certificate_want& want,
    const std::vector<std::string>& published, utc_time now
) {
    switch (what) {
        case step::keep: return {};
        case step::renew_leaf: return renew_leaf(is, want, now);
        case step::note_published: is.published = now; return {};
        case step::retire:
            is.previous.clear();
            is.since.reset();
            return {};
        case step::switch_over:
            step_back(is, is.authority.certificate + "\n" + is.previous, now);
            is.authority = *std::exchange(is.next, std::nullopt);
            is.published.reset();
            return renew_leaf(is, want, now);
        case step::introduce:
        case step::start_anew: break;
    }
    auto made = new_authority(want, now);
    if (!made) return std::move(made).error();
    is.published.reset();
    if (what == step::introduce) {
        is.next = *std::move(made);
        return {};
    }
    auto trusted = is.authority.certificate + "\n" + is.previous;
    for (const auto& bundle : published) trusted += "\n" + bundle;
    step_back(is, trusted, now);
    is.next.reset();
    is.authority = *std::move(made);
    return renew_leaf(is, want, now);
}

utc_time next_look(
    const state& is, const view& has, const webhook_certificate_policy& policy, utc_time now
) {
    auto       first    = utc_time::max();
    const auto consider = [&](utc_time when) {
        if (when > now) first = std::min(first, when);
    };
    for (const auto when :
         {due(has.authority), due(has.leaf), has.authority.valid_until, has.leaf.valid_until})
        consider(when);
    if (is.published) consider(*is.published + policy.settle);
    if (is.since) consider(*is.since + policy.overlap);
    return first == utc_time::max() ? now + 1h : first;
}

}  // namespace

std::vector<std::string> webhook_certificate_policy::problems() const {
    constexpr auto           shortest = seconds(20s), longest = seconds(std::chrono::days(3650));
    std::vector<std::string> found;
    const auto               check = [&](const std::string& name, seconds is) {
        if (is < shortest || is > longest)
            found.push_back(name + ": must be between 20s and 87600h");
    };
    check("authorityLifetime", authority);
    check("lifetime", leaf);
    if (found.empty() && leaf > authority)
        found.emplace_back("lifetime: must not be longer than the authority's");
    if (overlap < 1s || overlap + settle > authority / 2)
        found.emplace_back(
            "overlap: with settle it must be shorter than half of the authority's life"
        );
    return found;
}

std::string_view text_of(webhook_step what) noexcept {
    switch (what) {
        case step::keep: return "keep";
        case step::start_anew: return "start anew";
        case step::renew_leaf: return "renew the leaf";
        case step::introduce: return "introduce a new authority";
        case step::note_published: return "note that the new authority is trusted";
        case step::switch_over: return "switch to the new authority";
        case step::retire: return "retire the old authority";
    }
    return "";
}

std::vector<std::string> certificates_in(std::string_view bundle) {
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    constexpr std::string_view end   = "-----END CERTIFICATE-----";
    std::vector<std::string>   all;
    for (;;) {
        const auto from = bundle.find(begin);
        if (from == bundle.npos) return all;
        const auto to = bundle.find(end, from);
        if (to == bundle.npos) return all;
        std::string one;
        for (const char c : bundle.substr(from, to + end.size() - from))
            if (c != '\r') one += c;
        all.push_back(one + '\n');
        bundle.remove_prefix(to + end.size());
    }
}

bool is_trusted_by(std::string_view trust, std::string_view bundle) {
    const auto has = certificates_in(bundle);
    return std::ranges::all_of(certificates_in(trust), [&](const std::string& each) {
        return std::ranges::find(has, each) != has.end();
    });
}

result<webhook_certificate_plan> plan_webhook_certificates(
    const std::optional<kept_secret>& kept, const webhook_certificate_want& want,
    const std::vector<std::string>& published, utc_time now
) {
    if (want.names.empty())
        return failure{errc::malformed, "webhook certificates: no name to make them for"};
    auto       is      = read(kept.value_or(kept_secret{}));
    const auto view_of = [&] {
        const auto authority = [&](const key_pair& pair) {
            return forgiving(now, [&](utc_time at) {
                return falco::check_authority(pair.certificate, pair.key, at);
            });
        };
        view has;
        has.authority = authority(is.authority);
        has.leaf      = forgiving(now, [&](utc_time at) {
            return falco::check_leaf(
                is.leaf, is.authority.certificate, falco::leaf_usage::server, want.names, at
            );
        });
        if (is.next) has.next = authority(*is.next);
        has.published = std::ranges::all_of(published, [&](const std::string& bundle) {
            return is_trusted_by(trust_of(is), bundle);
        });
        return has;
    };
    const auto               decided = decide(is, view_of(), want.policy, now);
    webhook_certificate_plan plan{.step = decided.what, .why = decided.why};
    if (auto done = carry_out(is, decided.what, want, published, now); !done)
        return std::move(done).error().while_doing("webhook certificates");
    plan.kept = kept.value_or(kept_secret{});
    write(plan.kept, is);
    plan.write      = decided.what != step::keep;
    plan.serving    = is.leaf;
    plan.authority  = is.authority.certificate;
    plan.trust      = trust_of(is);
    plan.look_again = next_look(is, view_of(), want.policy, now);
    return plan;
}

}  // namespace falconer::admissions

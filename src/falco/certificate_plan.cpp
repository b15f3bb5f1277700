#include "falconer/falco/certificate_plan.hpp"

#include "authority_steps.hpp"
#include "digest.hpp"
#include "x509.hpp"

#include <algorithm>
#include <array>

namespace falconer::falco {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using step = certificate_step;

constexpr auto longest_lifetime  = std::chrono::days(36'500);
constexpr auto shortest_lifetime = 1h;

/// The names in the Secret. The first five are the Go extension's, `.cert` of the server's
/// authority included; it knows nothing of the others and leaves nothing of them when it writes.
struct key_names {
    const char *authority_key, *authority, *key, *leaf, *authority_name;
    const char *next_key, *next, *previous;
};
constexpr key_names of_server{"server-ca.key",      "server-ca.cert",          "server.key",
                              "server.crt",         "ca-falco-falcosidekick-", "server-ca-next.key",
                              "server-ca-next.crt", "server-ca-previous.crt"};
constexpr key_names of_client{"client-ca.key",      "client-ca.crt",         "client.key",
                              "client.crt",         "ca-falco-falco-",       "client-ca-next.key",
                              "client-ca-next.crt", "client-ca-previous.crt"};

authority_state read(const kept_secret& from, const key_names& keys) {
    authority_state found;
    found.authority = {from.at(keys.authority).reveal(), from.at(keys.authority_key)};
    found.leaf      = {from.at(keys.leaf).reveal(), from.at(keys.key)};
    found.previous  = from.at(keys.previous).reveal();
    if (from.data.contains(keys.next) || from.data.contains(keys.next_key))
        found.next = key_pair{from.at(keys.next).reveal(), from.at(keys.next_key)};
    return found;
}

void write(kept_secret& to, const key_names& keys, const authority_state& what) {
    const auto put = [&](const char* key, const secret& value) {
        if (value.empty())
            to.data.erase(key);
        else
            to.data.insert_or_assign(key, value);
    };
    put(keys.authority, secret{what.authority.certificate});
    put(keys.authority_key, what.authority.key);
    put(keys.leaf, secret{what.leaf.certificate});
    put(keys.key, what.leaf.key);
    put(keys.next, secret{what.next ? what.next->certificate : ""});
    put(keys.next_key, what.next ? what.next->key : secret{});
    put(keys.previous, secret{what.previous});
}

/// The authority that signs as it is kept, byte by byte; beside it those that come and go. What
/// cannot be parsed would keep the other side from reading the rest. Time has no say here: a
/// delivery changes only when its Secret does.
std::string trust_of(const authority_state& state) {
    std::string text = state.authority.certificate;
    const auto  add  = [&](const std::string& certificate) {
        const auto parsed = parse_certificate(certificate);
        if (!parsed) return;
        if (!text.empty() && text.back() != '\n') text += '\n';
        text += pem_of(parsed.get());
    };
    if (state.next) add(state.next->certificate);
    add(state.previous);
    return text;
}

/// Of several texts, so that none can move from one to the next.
class digest_of {
public:
    digest_of& operator<<(std::string_view part) {
        all_ += std::to_string(part.size());
        all_ += ':';
        all_ += part;
        return *this;
    }
    std::string hex() const { return sha256_hex(all_); }

private:
    std::string all_{};
};

certificate_delivery delivery_of(const authority_state& server, const authority_state& client) {
    certificate_delivery out{
        .server       = server.leaf,
        .client       = client.leaf,
        .server_trust = trust_of(server),
        .client_trust = trust_of(client),
    };
    out.falco_checksum         = (digest_of() << out.client.certificate << out.server_trust).hex();
    out.falcosidekick_checksum = (digest_of() << out.server.certificate << out.client_trust).hex();
    return out;
}

struct side {
    const key_names* keys  = nullptr;
    leaf_usage       usage = leaf_usage::server;
    authority_state  state{};
    authority_view   view{};
    next_step        next{};
};

result<key_pair> new_authority(const side& of, const certificate_want& want, utc_time now) {
    return make_authority(
        {.name     = of.keys->authority_name + want.cluster_name,
         .now      = now,
         .lifetime = want.policy.authority.lifetime}
    );
}

result<void> renew_leaf(side& of, const certificate_want& want, utc_time now) {
    auto made = make_leaf(
        {.name      = want.names.back(),
         .dns_names = want.names,
         .usage     = of.usage,
         .now       = now,
         .lifetime  = want.policy.leaf.lifetime},
        of.state.authority
    );
    if (!made) return std::move(made).error();
    of.state.leaf = *std::move(made);
    return {};
}

/// The old authority steps back behind `successor`, without its key.
void succeed(side& of, key_pair successor) {
    if (is_worth_trusting(of.view.authority)) of.state.previous = of.state.authority.certificate;
    of.state.authority = std::move(successor);
    of.state.next.reset();
}

result<void> carry_out(side& of, const certificate_want& want, utc_time now) {
    switch (of.next.change.step) {
        case step::keep: return {};
        case step::renew_leaf: return renew_leaf(of, want, now);
        case step::retire: of.state.previous.clear(); return {};
        case step::switch_over: succeed(of, *of.state.next); return renew_leaf(of, want, now);
        case step::introduce:
        case step::start_anew: break;
    }
    auto made = new_authority(of, want, now);
    if (!made) return std::move(made).error();
    if (of.next.change.step == step::introduce) {
        of.state.next = *std::move(made);
        return {};
    }
    succeed(of, *std::move(made));
    return renew_leaf(of, want, now);
}

/// Pods roll once for both.
void let_join(side& one, const side& other, const authority_question& asked) {
    const auto what = other.next.change.step;
    if (one.next.change.step == step::keep && other.next.by_age && joins(one.view, what, asked))
        one.next.change = {.step = what, .why = "together with the other side's"};
}

bool same(const kept_secret& a, const kept_secret& b) {
    const auto equal = [](const auto& x, const auto& y) {
        return x.first == y.first && x.second.reveal() == y.second.reveal();
    };
    return a.labels == b.labels && std::ranges::equal(a.data, b.data, equal);
}

/// Everything on which the decision depends, but for the time.
std::string digest_of_question(
    const kept_secret& kept, const certificate_want& want, const rolled_out& moved
) {
    digest_of all;
    for (const auto& [key, is] : kept.labels) all << key << is;
    for (const auto& [key, is] : kept.data) all << key << is.reveal();
    for (const auto& name : want.names) all << name;
    for (const auto* each : {&want.policy.authority, &want.policy.leaf})
        all << std::to_string(each->lifetime.count()) << std::to_string(each->renew_after.count());
    if (want.rotation_asked) all << std::to_string(want.rotation_asked->time_since_epoch().count());
    all << std::to_string(want.soon.count()) << moved.falco << moved.falcosidekick;
    return all.hex();
}

result<void> check(const certificate_want& want) {
    if (const auto problems = want.policy.problems(); !problems.empty())
        return failure{errc::malformed, problems.front()};
    if (want.names.empty() || want.cluster_name.empty())
        return failure{errc::malformed, "certificates: no name to make them for"};
    return {};
}

}  // namespace

std::vector<std::string> certificate_policy::problems() const {
    std::vector<std::string> found;
    const auto               check_one = [&](const std::string& name, const renewal& what) {
        if (what.lifetime < shortest_lifetime || what.lifetime > longest_lifetime)
            found.push_back(name + "Lifetime: must be between 1h and 876000h");
        else if (what.renew_after <= 0s || what.renew_after >= what.lifetime)
            found.push_back(name + "RenewAfter: must be shorter than " + name + "Lifetime");
    };
    check_one("certificateAuthority", authority);
    check_one("certificate", leaf);
    if (found.empty() && leaf.lifetime > authority.lifetime)
        found.emplace_back("certificateLifetime: must not be longer than the authority's");
    return found;
}

std::vector<std::string> falcosidekick_names(const std::string& namespace_name) {
    std::vector<std::string> names{"falcosidekick"};
    for (const auto& part :
         {namespace_name, std::string("svc"), std::string("cluster"), std::string("local")})
        names.push_back(names.back() + '.' + part);
    return names;
}

std::string_view text_of(certificate_step what) noexcept {
    switch (what) {
        case step::keep: return "keep";
        case step::renew_leaf: return "renew the leaf";
        case step::introduce: return "introduce a new authority";
        case step::switch_over: return "switch to the new authority";
        case step::retire: return "retire the old authority";
        case step::start_anew: return "start anew";
    }
    return "";
}

result<certificate_plan> plan_certificates(
    const std::optional<kept_secret>& kept, const certificate_want& want, const rolled_out& moved,
    utc_time now
) {
    if (auto good = check(want); !good) return std::move(good).error();
    certificate_plan plan;
    plan.kept = kept.value_or(kept_secret{});
    std::array<side, 2> sides{
        side{.keys = &of_server, .usage = leaf_usage::server},
        side{.keys = &of_client, .usage = leaf_usage::client},
    };
    auto& [server, client] = sides;
    for (auto& each : sides) each.state = read(plan.kept, *each.keys);
    const auto delivered    = [&] { return delivery_of(server.state, client.state); };
    plan.delivery           = delivered();
    const auto is_under_way = [&] {
        return std::ranges::any_of(sides, [](const side& each) {
            return each.state.next || !each.state.previous.empty();
        });
    };
    plan.waits_for_pods = is_under_way();
    if (want.known && want.known->from <= now && now < want.known->until &&
        want.known->digest == digest_of_question(plan.kept, want, moved)) {
        plan.look_again = want.known->until;
        plan.verdict    = want.known;
        return plan;
    }

    const auto is_rolled_out = [&](const certificate_delivery& what) {
        return moved.falco == what.falco_checksum &&
               moved.falcosidekick == what.falcosidekick_checksum;
    };
    authority_question asked{
        .policy = want.policy,
        .now    = now,
        // Never so early that what is renewed now would be renewed by the next call again.
        .soon = std::clamp(
            want.soon, 0s,
            std::min(want.policy.leaf.renew_after, want.policy.authority.renew_after) / 2
        ),
        .rotation_asked = want.rotation_asked,
        .all_moved      = is_rolled_out(plan.delivery),
    };
    for (auto& each : sides) {
        each.view = view_of(each.state, each.usage, want.names, now);
        each.next = step_for(each.view, asked);
    }
    const auto server_alone = server;
    let_join(server, client, asked);
    let_join(client, server_alone, asked);

    plan.look_again = utc_time::max();
    for (auto& each : sides) {
        if (each.next.change.step != step::keep) {
            if (auto done = carry_out(each, want, now); !done)
                return std::move(done).error().while_doing("certificates of " + want.cluster_name);
            write(plan.kept, *each.keys, each.state);
            each.view = view_of(each.state, each.usage, want.names, now);
        }
        plan.look_again = std::min(plan.look_again, next_look(each.view, asked));
        if (!kept) each.next.change.abrupt = false;  // nobody trusts anything yet
    }
    plan.kept.labels[kept_secret::persist_label] = "true";
    plan.write                                   = !kept || !same(*kept, plan.kept);
    plan.delivery                                = delivered();
    plan.waits_for_pods                          = is_under_way();
    plan.server                                  = server.next.change;
    plan.client                                  = client.next.change;

    asked.all_moved    = is_rolled_out(plan.delivery);
    const bool at_rest = std::ranges::all_of(sides, [&](const side& each) {
        return step_for(each.view, asked).change.step == step::keep;
    });
    if (at_rest && asked.soon == 0s)
        plan.verdict = {
            .digest = digest_of_question(plan.kept, want, moved),
            .from   = now,
            .until  = plan.look_again
        };
    return plan;
}

}  // namespace falconer::falco

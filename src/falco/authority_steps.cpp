#include "authority_steps.hpp"

#include <algorithm>
#include <initializer_list>

namespace falconer::falco {
namespace {

using namespace std::chrono_literals;
using step = certificate_step;

utc_time due(const renewal& policy, const certificate_check& what) {
    return policy.due(what.valid_from, what.valid_until);
}

/// A clock that was set back, ours or that of the one who made it, is no reason to part a cluster:
/// what will be valid within this is judged as it will be then.
constexpr auto clocks_differ = 1h;

template <class Check>
certificate_check forgiving(utc_time now, Check&& check) {
    const certificate_check is = check(now);
    if (is.fault != certificate_fault::not_yet_valid || is.valid_from > now + clocks_differ)
        return is;
    return check(is.valid_from);
}

/// Ours are valid from a little before they are made.
utc_time made(const certificate_check& what) {
    return what.valid_from + backdated;
}

/// Half-way between the time it was to be replaced (or its successor was there) and its end:
/// waiting longer for everybody to move would risk that nobody can speak any more.
utc_time urgent(
    const renewal& policy, const certificate_check& what, const certificate_check& successor
) {
    const auto began = std::max(due(policy, what), successor.valid_from);
    return began + (what.valid_until - began) / 2;
}

std::string said(const char* what, const certificate_check& check) {
    return std::string(what) + ' ' + std::string(text_of(check.fault));
}

next_step wrong(step what, std::string why, bool abrupt = false) {
    return {.change = {.step = what, .why = std::move(why), .abrupt = abrupt}, .by_age = false};
}

next_step timely(step what, std::string why) {
    return {.change = {.step = what, .why = std::move(why)}, .by_age = true};
}

/// A leaf made when this one is due would end with its authority rather than after its own
/// lifetime.
bool is_last(const authority_view& has, const certificate_policy& policy) {
    return due(policy.leaf, has.leaf) + policy.leaf.lifetime > has.authority.valid_until;
}

/// When the successor is to be introduced: at the authority's own time, or so long before its last
/// leaf is due as that leaf then still lives. Pods thus get as much time to move to what they trust
/// as to what they present.
utc_time introduction(const authority_view& has, const certificate_policy& policy) {
    const auto own = due(policy.authority, has.authority);
    if (!is_last(has, policy)) return own;
    const auto leaf = due(policy.leaf, has.leaf);
    return std::min(own, leaf - (has.leaf.valid_until - leaf));
}

/// A successor stands ready and is being made known.
next_step while_introducing(const authority_view& has, const authority_question& asked) {
    if (asked.all_moved) return timely(step::switch_over, "both sides trust the new authority");
    const bool can_sign = static_cast<bool>(has.authority);
    if (!has.leaf)
        return can_sign ? wrong(step::renew_leaf, said("the leaf", has.leaf))
                        : wrong(step::switch_over, said("the leaf", has.leaf), true);
    if (asked.now >= urgent(asked.policy.authority, has.authority, *has.next))
        return wrong(step::switch_over, "the old authority nears its end unconfirmed", true);
    // Once more under the old authority, as long as that gains time.
    if (can_sign && has.leaf.valid_until < has.authority.valid_until &&
        asked.now >= due(asked.policy.leaf, has.leaf))
        return wrong(step::renew_leaf, "the leaf is due before all have moved");
    if (asked.now >= urgent(asked.policy.leaf, has.leaf, *has.next))
        return wrong(step::switch_over, "the leaf nears its end unconfirmed", true);
    return {};
}

}  // namespace

authority_view view_of(
    const authority_state& state, leaf_usage usage, const std::vector<std::string>& names,
    utc_time now
) {
    const auto authority = [&](const std::string& certificate, const secret& key) {
        return forgiving(now, [&](utc_time at) { return check_authority(certificate, key, at); });
    };
    authority_view has;
    has.authority = authority(state.authority.certificate, state.authority.key);
    has.leaf      = forgiving(now, [&](utc_time at) {
        return check_leaf(state.leaf, state.authority.certificate, usage, names, at);
    });
    if (state.next) has.next = authority(state.next->certificate, state.next->key);
    if (!state.previous.empty()) has.previous = authority(state.previous, secret{});
    return has;
}

bool is_worth_trusting(const certificate_check& authority) noexcept {
    return authority.vouches() || authority.fault == certificate_fault::not_yet_valid;
}

next_step step_for(const authority_view& has, const authority_question& asked) {
    const bool successor = has.next && *has.next;
    if (!has.authority.vouches()) {
        if (successor)
            return wrong(step::switch_over, said("the authority", has.authority), !asked.all_moved);
        return wrong(step::start_anew, said("the authority", has.authority), true);
    }
    if (successor) return while_introducing(has, asked);
    if (!has.leaf)
        return has.authority ? wrong(step::renew_leaf, said("the leaf", has.leaf))
                             : wrong(step::start_anew, said("the authority", has.authority), true);
    if (!has.authority) return wrong(step::introduce, said("the authority", has.authority));
    if (has.next) return wrong(step::introduce, said("the new authority", *has.next));
    if (has.previous && !is_worth_trusting(*has.previous))
        return wrong(step::retire, said("the old authority", *has.previous));
    if (has.previous && asked.all_moved)
        return timely(step::retire, "nobody needs the old authority");
    if (asked.rotation_asked && *asked.rotation_asked <= asked.now &&
        made(has.authority) < *asked.rotation_asked)
        return timely(step::introduce, "the cluster's authorities are being rotated");
    const auto by = asked.now + asked.soon;
    if (by >= introduction(has, asked.policy))
        return timely(step::introduce, "the authority is due for renewal");
    if (by < due(asked.policy.leaf, has.leaf)) return {};
    return timely(step::renew_leaf, "the leaf is due for renewal");
}

bool joins(const authority_view& has, certificate_step other, const authority_question& asked) {
    if (has.next || has.previous || !has.authority || !has.leaf) return false;
    const auto old = [&](const certificate_check& what) {
        return asked.now - what.valid_from > (what.valid_until - what.valid_from) / 2;
    };
    if (other == step::introduce) return old(has.authority);
    return other == step::renew_leaf && old(has.leaf) && !is_last(has, asked.policy);
}

utc_time next_look(const authority_view& has, const authority_question& asked) {
    utc_time   first    = utc_time::max();
    const auto consider = [&](utc_time when) {
        if (when > asked.now) first = std::min(first, when);
    };
    for (const auto when :
         {introduction(has, asked.policy), due(asked.policy.leaf, has.leaf),
          has.authority.valid_until, has.leaf.valid_until})
        consider(when);
    if (has.next) {
        consider(urgent(asked.policy.authority, has.authority, *has.next));
        consider(urgent(asked.policy.leaf, has.leaf, *has.next));
    }
    if (has.previous) consider(has.previous->valid_until);
    if (asked.rotation_asked) consider(*asked.rotation_asked);
    return first == utc_time::max() ? asked.now + 1h : first;
}

}  // namespace falconer::falco

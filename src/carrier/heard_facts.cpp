#include "heard_facts.hpp"

#include "falconer/mailbox.hpp"

#include <algorithm>

namespace falconer::carrier {
namespace {

/// Of two words about the same cluster the one that counts.
shoot_message both(const tokens_refused& a, const tokens_refused& b) {
    return tokens_refused{std::max(a.issued_before, b.issued_before)};
}
shoot_message both(const quota_changed& a, const quota_changed& b) {
    return quota_changed{a.spent || b.spent};
}
shoot_message both(const heartbeat_changed& a, const heartbeat_changed& b) {
    if (!a.silent_since || !b.silent_since) return heartbeat_changed{};
    return heartbeat_changed{std::max(a.silent_since, b.silent_since)};
}
/// Only one ingestor at a time judges; the others have nothing to say.
shoot_message both(const sight_changed& a, const sight_changed& b) {
    return a.reason ? a : b;
}

shoot_message both(const shoot_message& a, const shoot_message& b) {
    return std::visit(
        [&b]<class One>(const One& one) -> shoot_message {
            const auto* other = std::get_if<One>(&b);
            if constexpr (requires { both(one, *other); })
                if (other != nullptr) return both(one, *other);
            return one;
        },
        a
    );
}

bool is_an_ingestors(const shoot_message& what) {
    return std::holds_alternative<tokens_refused>(what) ||
           std::holds_alternative<quota_changed>(what) ||
           std::holds_alternative<heartbeat_changed>(what) ||
           std::holds_alternative<sight_changed>(what);
}

bool is_of_hearts(const shoot_message& what) {
    return std::holds_alternative<heartbeat_changed>(what);
}

/// Something is as it should not be: to be said again and again.
bool holds(const shoot_message& what) {
    return std::visit(
        overloaded{
            [](const tokens_refused&) { return true; },
            [](const quota_changed& is) { return is.spent; },
            [](const heartbeat_changed& is) { return is.silent_since.has_value(); },
            [](const sight_changed& is) { return is.reason.has_value(); },
            [](const auto&) { return false; },
        },
        what
    );
}

}  // namespace

std::optional<shoot_message> heard_facts::word_of(const fact& is) {
    std::optional<shoot_message> word;
    for (const auto& [by, each] : is.views) word = word ? both(*word, each.what) : each.what;
    return word;
}

void heard_facts::say(const std::string& cluster, fact& is) {
    const auto word = word_of(is);
    if (!word || (is.told && says_the_same(*is.told, *word))) return;
    is.told = *word;
    shoots_.tell({cluster}, *word);
}

bool heard_facts::hear(
    const std::string& by, const cluster_identity& to, const shoot_message& what
) {
    if (!is_an_ingestors(what)) return false;
    const key  of{to.text, what.index()};
    const auto found = facts_.find(of);
    if (found == facts_.end() && facts_.size() >= most_) return false;
    auto& is = found == facts_.end() ? facts_[of] : found->second;
    is.views.erase(std::string());
    is.views[by] = {what, false};
    say(to.text, is);
    return true;
}

void heard_facts::begin_anew(const std::string& by) {
    for (auto& [of, is] : facts_)
        if (const auto found = is.views.find(by); found != is.views.end())
            found->second.stale = true;
}

template <class Condition>
void heard_facts::drop_views(const std::string& by, Condition goes) {
    for (auto at = facts_.begin(); at != facts_.end();) {
        auto&      is    = at->second;
        const auto found = is.views.find(by);
        if (found == is.views.end() || !goes(found->second)) {
            ++at;
            continue;
        }
        const auto last = found->second.what;
        is.views.erase(found);
        if (!is.views.empty()) {
            say(at->first.first, is);
            ++at;
        } else if (is_of_hearts(last) && holds(last)) {
            is.views[{}] = {last, false};
            ++at;
        } else {
            // A budget that nobody says is spent is none that is spent.
            const bool spent = std::holds_alternative<quota_changed>(last) && holds(last);
            if (spent) shoots_.tell({at->first.first}, quota_changed{false});
            // So is a trouble: whoever judges now says it within a minute.
            const bool seen = std::holds_alternative<sight_changed>(last) && holds(last);
            if (seen) shoots_.tell({at->first.first}, sight_changed{});
            at = facts_.erase(at);
        }
    }
}

void heard_facts::said_all(const std::string& by) {
    drop_views(by, [](const view& each) { return each.stale; });
}

void heard_facts::forget(const std::string& by) {
    drop_views(by, [](const view&) { return true; });
}

void heard_facts::repeat() const {
    for (const auto& [of, is] : facts_)
        if (is.told && holds(*is.told)) shoots_.tell({of.first}, *is.told);
}

}  // namespace falconer::carrier

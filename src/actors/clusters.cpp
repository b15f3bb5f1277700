#include "clusters.hpp"

#include "falconer/mailbox.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {

using namespace std::chrono_literals;

clusters::clusters(time_source& time, event_sink& sink, options opt, shoot_office* shoots)
    : time_(time), sink_(sink), opt_(opt), clock_(time.make_bell()), shoots_(shoots) {}

std::shared_ptr<cluster_desk> clusters::desk_of(const cluster_ref& cluster) {
    if (const auto known = open_.find(cluster->text); known != open_.end()) return known->second;

    auto actor = std::make_shared<cluster_actor>(cluster, opt_.cluster, time_);
    if (const auto found = orders_.find(cluster->text); found != orders_.end()) {
        const auto& orders = found->second;
        const auto  repeat = [&](const auto& order) {
            if (order) actor->tell(*order);
        };
        repeat(orders.revocation);
        repeat(orders.budget);
        repeat(orders.generation_before);
        repeat(orders.generation);
        repeat(orders.heartbeat);
    }
    open_.emplace(by_name(actor->name()->text), actor);
    return actor;
}

void clusters::tell(const cluster_identity& to, const cluster_message& what) {
    remember(to, what);
    if (const auto known = open_.find(to.text); known != open_.end()) known->second->tell(what);
}

void clusters::remember(const cluster_identity& to, const cluster_message& what) {
    std::visit(
        overloaded{
            [&](const tokens_revoked& order) {
                orders_[to.text].revocation = order;
                if (shoots_ != nullptr && order.issued_before)
                    shoots_->tell(to, tokens_refused{*order.issued_before});
            },
            [&](const budget_changed& fact) { orders_[to.text].budget = fact; },
            [](const quota_settled&) {},  // no use to a cluster that is not open
            [&](const token_rotated& fact) {
                auto& of = orders_[to.text];
                if (of.generation && fact.issued <= of.generation->issued) return;
                of.generation_before = std::exchange(of.generation, fact);
            },
            [&](const heartbeat_expected& fact) { expect(orders_[to.text], fact); },
            [&](const cluster_known&) {
                if (const auto known = orders_.find(to.text); known != orders_.end())
                    known->second.gone = false;
            },
            [&](const cluster_gone&) {
                // Nobody is told to forget whom he has never heard of.
                const auto known = orders_.find(to.text);
                if (known == orders_.end()) return;
                expect(known->second, {});
                known->second.gone = true;
            },
            [&](const heartbeat_seen& fact) {
                const auto known = orders_.find(to.text);
                if (known == orders_.end()) return;
                auto&      of = known->second;
                const auto at = moment_of(fact.at);
                of.beat_at    = std::max(of.beat_at, at);
                of.seen_at    = std::max(of.seen_at.value_or(at), at);
            },
            [&](const budget_spent& fact) {
                if (spent_elsewhere_.size() < opt_.elsewhere || spent_elsewhere_.contains(to.text))
                    spent_elsewhere_[to.text] = moment_of(fact.at);
            },
        },
        what
    );
}

/// What others have seen in their time, in ours. What is yet to come is now.
steady_time clusters::moment_of(utc_time at) const {
    const auto ago = std::clamp<utc_time::duration>(time_.utc() - at, 0s, 24h);
    return time_.now() - std::chrono::duration_cast<steady_time::duration>(ago);
}

/// From the first word on it has time to beat.
void clusters::expect(standing_orders& of, const heartbeat_expected& fact) {
    const bool did = of.heartbeat && of.heartbeat->key;
    if (!did && fact.key) of.beat_at = of.expected_at = time_.now();
    of.heartbeat = fact;
    of.gone      = false;
}

clusters::knowledge clusters::known_of(const std::string& identity) const {
    knowledge  is;
    const auto open = open_.find(identity);
    if (open != open_.end()) is.beat = open->second->beat_at();
    const auto found = orders_.find(identity);
    if (found == orders_.end()) return is;
    const auto& of    = found->second;
    is.gone           = of.gone;
    is.beats_expected = of.heartbeat && of.heartbeat->key;
    is.expected_since = of.expected_at;
    if (of.heartbeat && !of.gone) is.asleep = of.heartbeat->asleep;
    for (const auto& each : {of.seen_at, of.proven_at})
        if (each) is.beat = std::max(is.beat.value_or(*each), *each);
    return is;
}

/// What holds is told every time, what holds no longer once: whoever begins to listen late hears it
/// all the same.
void clusters::tell_shoots() {
    if (shoots_ == nullptr) return;
    const auto now = time_.now();
    for (auto& [name, of] : orders_) {
        const cluster_identity to{name};
        if (of.revocation && of.revocation->issued_before)
            shoots_->tell(to, tokens_refused{*of.revocation->issued_before});
        const auto open = open_.find(name);
        const auto beat = open != open_.end() ? open->second->beat_at() : std::nullopt;
        if (beat) {
            of.beat_at   = std::max(of.beat_at, *beat);
            of.proven_at = beat;
        }
        const bool expected = of.heartbeat && of.heartbeat->key;
        const bool silent   = expected && now - of.beat_at > opt_.silence;
        // That it beats is said when it is first known, too: somebody who has ended may have said
        // that it is silent.
        const bool beats = expected && !silent && (beat || of.seen_at);
        if (silent)
            shoots_->tell(to, heartbeat_changed{time_.utc() - (now - of.beat_at)});
        else if (of.silent || (beats && !of.told_that_it_beats))
            shoots_->tell(to, heartbeat_changed{});
        of.told_that_it_beats = !silent && (beats || of.told_that_it_beats);
        of.silent             = silent;
    }
    tell_budgets();
}

void clusters::tell_budgets() {
    const auto now = time_.now();
    std::erase_if(spent_elsewhere_, [&](const auto& each) {
        return now - each.second >= opt_.calm;
    });
    std::set<std::string> spent;
    for (const auto& [name, at] : spent_elsewhere_) spent.insert(name);
    for (const auto& [name, actor] : open_)
        if (const auto at = actor->over_quota_at(); at && now - *at < opt_.calm)
            spent.emplace(name);
    for (const auto& name : spent) shoots_->tell({name}, quota_changed{true});
    for (const auto& name : told_spent_)
        if (!spent.contains(name)) shoots_->tell({name}, quota_changed{false});
    told_spent_ = std::move(spent);
}

/// Whoever takes in events beside us sees other ones of the same cluster.
void clusters::tell_others() {
    if (others_ == nullptr) return;
    const auto now   = time_.now();
    const auto share = [&]<class Fact>(
                           std::string_view of, const std::optional<steady_time>& seen,
                           std::optional<steady_time>& told, Fact
                       ) {
        if (!seen || (told && *seen - *told < opt_.share)) return;
        told           = seen;
        const auto ago = std::chrono::duration_cast<utc_time::duration>(now - *seen);
        others_->tell({std::string(of)}, Fact{time_.utc() - ago});
    };
    for (const auto& [name, actor] : open_) {
        const auto beat  = actor->beat_at();
        const auto spent = actor->over_quota_at();
        if (!beat && !spent) continue;
        auto found = shared_.find(name);
        if (found == shared_.end())
            found = shared_.emplace(std::string(name), shared_sights{}).first;
        share(name, beat, found->second.beat, heartbeat_seen{});
        share(name, spent, found->second.spent, budget_spent{});
    }
    std::erase_if(shared_, [&](const auto& each) { return !open_.contains(each.first); });
}

task<void> clusters::run() {
    for (;;) {
        co_await clock_->wait_until(time_.now() + opt_.sweep);
        co_await tell_counts();
        tell_shoots();
        tell_others();
        forget_idle();
    }
}

task<void> clusters::tell_counts() {
    using enum event_tally::cause;
    std::vector<event_tally> tallies;
    const auto               tell = [&](const cluster_actor& of, auto why, std::uint64_t count) {
        if (count == 0) return;
        tallies.push_back({
                          .from   = of.name(),
                          .why    = why,
                          .minute = std::chrono::floor<std::chrono::minutes>(time_.utc()),
                          .count  = count,
        });
    };
    for (auto& [name, actor] : open_) {
        tell(*actor, token_refused, actor->take_refused_tokens());
        tell(*actor, bytes_not_kept, actor->take_bytes_not_kept());
    }
    for (auto& each : tallies) {
        auto kept = co_await sink_.submit(std::move(each));
        static_cast<void>(kept);  // the sink has counted and said what it could not keep
    }
}

void clusters::forget_idle() {
    const auto limit = time_.now() - opt_.idle;
    std::erase_if(open_, [&](const auto& each) {
        // What was spent and not settled would be forgotten too.
        return each.second->last_seen() < limit && each.second->spending().spent_nothing();
    });
}

}  // namespace falconer::actors

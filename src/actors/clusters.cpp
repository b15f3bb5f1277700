#include "clusters.hpp"

#include "falconer/mailbox.hpp"

namespace falconer::actors {

clusters::clusters(time_source& time, event_sink& sink, options opt)
    : time_(time), sink_(sink), opt_(opt), clock_(time.make_bell()) {}

std::shared_ptr<cluster_desk> clusters::desk_of(const cluster_ref& cluster) {
    if (const auto known = open_.find(cluster->text); known != open_.end()) return known->second;

    auto actor = std::make_shared<cluster_actor>(cluster, opt_.cluster, time_);
    if (const auto orders = orders_.find(cluster->text); orders != orders_.end()) {
        if (orders->second.revocation) actor->tell(*orders->second.revocation);
        if (orders->second.budget) actor->tell(*orders->second.budget);
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
            [&](const tokens_revoked& order) { orders_[to.text].revocation = order; },
            [&](const budget_changed& fact) { orders_[to.text].budget = fact; },
            [](const quota_settled&) {},  // no use to a cluster that is not open
        },
        what
    );
}

task<void> clusters::run() {
    for (;;) {
        co_await clock_->wait_until(time_.now() + opt_.sweep);
        co_await tell_refused_tokens();
        forget_idle();
    }
}

task<void> clusters::tell_refused_tokens() {
    std::vector<event_tally> tallies;
    for (auto& [name, actor] : open_) {
        const auto count = actor->take_refused_tokens();
        if (count == 0) continue;
        tallies.push_back({
            .from   = actor->name(),
            .why    = event_tally::cause::token_refused,
            .minute = std::chrono::floor<std::chrono::minutes>(time_.utc()),
            .count  = count,
        });
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
        return each.second->last_seen() < limit && each.second->spending().ordinary_spent == 0 &&
               each.second->spending().urgent_spent == 0;
    });
}

}  // namespace falconer::actors

#include "rate_ledger.hpp"

#include <algorithm>

namespace falconer::actors {
namespace {

quota_usage usage_of(const cluster_actor& cluster) {
    const auto spent = cluster.spending();
    return {
        .cluster  = cluster.name(),
        .ordinary = {spent.ordinary_spent, spent.ordinary_per_day, spent.ordinary_burst},
        .urgent   = {spent.urgent_spent, spent.urgent_per_day, spent.urgent_burst},
    };
}

}  // namespace

rate_ledger::rate_ledger(time_source& time, clusters& all, quota_ledger& ledger, options opt)
    : time_(time), clusters_(all), ledger_(ledger), opt_(opt), clock_(time.make_bell()) {}

task<void> rate_ledger::run() {
    for (bool last = false; !last;) {
        if (!closed_) co_await clock_->wait_until(time_.now() + opt_.every);
        last = closed_;
        co_await settle();
    }
}

void rate_ledger::close() {
    closed_ = true;
    clock_->ring();
}

task<void> rate_ledger::settle() {
    std::vector<quota_usage> usages;
    clusters_.each([&](const cluster_actor& each) {
        auto usage = usage_of(each);
        if (usage.ordinary.spent + usage.urgent.spent > 0) usages.push_back(std::move(usage));
    });
    for (std::size_t first = 0; first < usages.size(); first += opt_.at_once) {
        const auto part =
            std::span(usages).subspan(first, std::min(opt_.at_once, usages.size() - first));
        auto booking = ledger_.settle(part);
        auto left    = co_await with_timeout(time_, opt_.limit, std::move(booking));
        if (!left) {
            if (const auto held = gate_.open(time_.now()))
                log_of("rate_ledger")
                    .warn(
                        "quotas are not settled with the other replicas reason=\"{}\" "
                        "suppressed={}",
                        left.error().detail, *held
                    );
            co_return;
        }
        for (std::size_t i = 0; i < part.size(); ++i) {
            clusters_.tell(
                *part[i].cluster,
                quota_settled{
                    .ordinary_left  = (*left)[i].ordinary,
                    .urgent_left    = (*left)[i].urgent,
                    .ordinary_spent = part[i].ordinary.spent,
                    .urgent_spent   = part[i].urgent.spent,
                }
            );
        }
    }
}

}  // namespace falconer::actors

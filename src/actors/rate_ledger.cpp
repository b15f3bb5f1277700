#include "rate_ledger.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace falconer::actors {
namespace {

quota_usage usage_of(const cluster_actor& cluster) {
    const auto spent = cluster.spending();
    return {
        .cluster  = cluster.name(),
        .ordinary = {spent.ordinary_spent, spent.ordinary_per_day, spent.ordinary_burst},
        .urgent   = {spent.urgent_spent, spent.urgent_per_day, spent.urgent_burst},
        .samples  = spent.samples_spent,
    };
}

/// The ledger has understood it, and will never book it as it is.
bool is_refusal(const failure& why) {
    return why.code == errc::malformed || why.code == errc::too_large || why.code == errc::conflict;
}

}  // namespace

rate_ledger::rate_ledger(time_source& time, clusters& all, quota_ledger& ledger, options opt)
    : time_(time), clusters_(all), ledger_(ledger), opt_(opt), clock_(time.make_bell()) {}

task<void> rate_ledger::run() {
    for (bool last = false; !last;) {
        if (!closed_) co_await clock_->wait_until(time_.now() + opt_.look);
        last = closed_;
        co_await settle();
    }
}

void rate_ledger::close() {
    closed_ = true;
    clock_->ring();
}

bool rate_ledger::is_due(const cluster_actor& cluster, steady_time now) const {
    const auto account = cluster.spending();
    if (account.spent_nothing()) return false;
    if (closed_ || !account.settled_at) return true;
    const auto much = [&](std::uint64_t spent, double left) {
        return spent > 0 && static_cast<double>(spent) * opt_.share >= left;
    };
    if (!account.refused &&
        (much(account.ordinary_spent, account.ordinary_left) ||
         much(account.urgent_spent, account.urgent_left) ||
         much(account.samples_spent, static_cast<double>(account.samples_left))))
        return true;
    const std::chrono::milliseconds between = opt_.latest - opt_.soonest;
    const auto                      own     = std::hash<std::string>{}(cluster.name()->text) %
                     static_cast<std::size_t>(between.count() + 1);
    return now - *account.settled_at >= opt_.soonest + std::chrono::milliseconds(own);
}

std::vector<rate_ledger::settlement> rate_ledger::due_now() {
    std::vector<settlement> all;
    const auto              now = time_.now();
    clusters_.each([&](const cluster_actor& each) {
        if (!is_due(each, now)) return;
        if (all.empty() || all.back().usages.size() >= opt_.at_once)
            all.push_back({.id = uuid::random()});
        all.back().usages.push_back(usage_of(each));
    });
    return all;
}

/// One round. What is unclear comes first: until it is clear, its clusters' spending is not known.
task<void> rate_ledger::settle() {
    if (unclear_) {
        auto       again = *std::exchange(unclear_, std::nullopt);
        const auto how   = co_await book(std::move(again));
        if (how == ending::unclear) co_return;
    }
    auto all = due_now();
    for (auto& each : all) {
        const auto how = co_await book(std::move(each));
        if (how == ending::unclear) co_return;
    }
}

task<rate_ledger::ending> rate_ledger::book(settlement what) {
    unclear_     = what;  // also if we are cancelled now
    auto booking = ledger_.settle(what.id, unclear_->usages);
    auto left    = co_await with_timeout(time_, opt_.limit, std::move(booking));
    if (left) {
        unclear_.reset();
        tell(what, *left);
        co_return ending::clear;
    }
    if (is_refusal(left.error())) {
        unclear_.reset();
        if (what.usages.size() > 1) co_return co_await book_halves(std::move(what));
        refused(what.usages.front(), left.error());
        co_return ending::clear;
    }
    if (const auto held = away_gate_.open(time_.now()))
        log_of("rate_ledger")
            .warn(
                "quotas are not settled with the other replicas reason=\"{}\" suppressed={}",
                left.error().detail, *held
            );
    co_return ending::unclear;
}

/// Nothing of the whole was booked, so each half is one by itself.
task<rate_ledger::ending> rate_ledger::book_halves(settlement what) {
    const auto middle = what.usages.begin() + static_cast<std::ptrdiff_t>(what.usages.size() / 2);
    settlement second{.id = uuid::random()};
    second.usages.assign(
        std::make_move_iterator(middle), std::make_move_iterator(what.usages.end())
    );
    what.usages.erase(middle, what.usages.end());
    what.id        = uuid::random();
    const auto how = co_await book(std::move(what));
    if (how == ending::unclear) co_return how;  // the second half will be due again
    co_return co_await book(std::move(second));
}

void rate_ledger::tell(const settlement& what, const std::vector<quota_left>& left) {
    for (std::size_t i = 0; i < what.usages.size(); ++i) {
        clusters_.tell(
            *what.usages[i].cluster,
            quota_settled{
                .ordinary_left  = left[i].ordinary,
                .urgent_left    = left[i].urgent,
                .samples        = left[i].samples,
                .ordinary_spent = what.usages[i].ordinary.spent,
                .urgent_spent   = what.usages[i].urgent.spent,
                .samples_spent  = what.usages[i].samples,
            }
        );
    }
}

void rate_ledger::refused(const quota_usage& who, const failure& why) {
    clusters_.settlement_was_refused(*who.cluster);
    if (const auto held = refused_gate_.open(time_.now()))
        log_of("rate_ledger")
            .warn(
                "a cluster's quota cannot be settled with the other replicas cluster=\"{}\" "
                "reason=\"{}\" suppressed={}",
                who.cluster->text, why.detail, *held
            );
}

}  // namespace falconer::actors

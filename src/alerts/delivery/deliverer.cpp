#include "deliverer.hpp"

#include <asio/error.hpp>

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using outcome = delivery_answer::outcome;
using verdict = delivery_try::verdict;
using std::chrono::milliseconds;

delivery_try how_it_went(const due_delivery& which, const delivery_answer& answer, double share) {
    delivery_try one;
    one.seq  = which.seq;
    one.said = answer.said;
    if (answer.what == outcome::delivered) {
        one.outcome = verdict::delivered;
    } else if (answer.what == outcome::never || which.overdue) {
        one.outcome = verdict::given_up;
    } else {
        one.outcome  = verdict::again;
        one.again_in = retry_pause(which.tries + 1, share, answer.after);
    }
    return one;
}

}  // namespace

deliverer::deliverer(
    asio::any_io_executor loop, time_source& time, delivery_desk& desk, address_book book,
    metrics_registry& metrics, options opt
)
    : time_(time), desk_(desk), book_(std::move(book)), opt_(opt),
      delivered_(metrics.make_counter(
          "falconer_alert_deliveries_total", "Tries to tell a receiver, by what came of them.",
          {{"outcome", "delivered"}}
      )),
      again_(metrics.make_counter(
          "falconer_alert_deliveries_total", "Tries to tell a receiver, by what came of them.",
          {{"outcome", "again"}}
      )),
      given_up_(metrics.make_counter(
          "falconer_alert_deliveries_total", "Tries to tell a receiver, by what came of them.",
          {{"outcome", "given_up"}}
      )),
      resting_(metrics.make_gauge(
          "falconer_alert_receivers_resting",
          "Receivers that failed so often on end that they are left alone for a while."
      )),
      bell_(time.make_bell()), scope_(std::move(loop)) {}

task<void> deliverer::run() {
    auto pause = opt_.look;
    for (;;) {
        auto done = co_await round();
        if (done) {
            pause = ours_ ? opt_.look : opt_.stand_by;
        } else {
            // What is under way goes on: it is written down when the store is there again.
            pause = std::min(std::max(pause * 2, opt_.look * 4), opt_.longest_pause);
            if (const auto held = gate_.open(time_.now()))
                log_of("alerts").warn(
                    "delivering alerts waits for the store reason=\"{}\" more={}",
                    done.error().detail, *held
                );
        }
        const auto woken = co_await bell_->wait_until(time_.now() + pause);
        static_cast<void>(woken);
    }
}

task<result<void>> deliverer::finish(milliseconds most) {
    const auto until = time_.now() + most;
    while (under_way_ > 0 && time_.now() < until) {
        const auto woken = co_await bell_->wait_until(until);
        static_cast<void>(woken);
    }
    co_await scope_.stop();
    auto put = co_await put_down();
    if (!put) co_return std::move(put).error();
    ours_ = false;
    co_return co_await desk_.release(me_);
}

std::vector<std::string> deliverer::resting() const {
    std::vector<std::string> names;
    for (const auto& [name, each] : lanes_)
        if (each.pace.breaker() == receiver_pace::state::open) names.push_back(name);
    return names;
}

task<result<void>> deliverer::round() {
    auto put = co_await put_down();
    if (!put) co_return std::move(put).error();
    if (time_.now() >= hold_again_) {
        auto held = co_await desk_.hold(me_, opt_.lease);
        if (!held) {
            ours_ = false;
            co_return std::move(held).error();
        }
        ours_       = *held;
        hold_again_ = time_.now() + (ours_ ? opt_.lease / 3 : opt_.stand_by);
    }
    if (!ours_) co_return result<void>{};
    co_return co_await look_around();
}

task<result<void>> deliverer::put_down() {
    while (!ended_.empty()) {
        auto one = ended_.front();
        auto put = co_await desk_.put(one);
        if (!put) co_return std::move(put).error();
        ended_.erase(ended_.begin());
        std::erase(begun_, one.seq);
    }
    co_return result<void>{};
}

task<result<void>> deliverer::look_around() {
    auto due = co_await desk_.due(opt_.portion, opt_.lifetime);
    if (!due) co_return std::move(due).error();
    for (auto& each : *due) {
        if (under_way_ >= opt_.at_once) break;
        if (std::ranges::find(begun_, each.seq) != begun_.end()) continue;
        auto to = book_(each.project, each.receiver);
        if (!to.channel) {
            give_up(each, "there is no receiver of that name");
            continue;
        }
        auto&      by  = lane_of(to);
        const auto now = time_.now();
        if (by.busy || by.pace.ready_at(now) > now) continue;
        by.busy = true;
        by.pace.begun(now);
        ++under_way_;
        begun_.push_back(each.seq);
        scope_.spawn("alert delivery", bring(std::move(each), std::move(to.channel), by));
    }
    resting_.set(static_cast<double>(resting().size()));
    co_return result<void>{};
}

task<void> deliverer::bring(due_delivery which, std::shared_ptr<alert_channel> through, lane& by) {
    const auto begun = time_.now();
    auto       what  = co_await desk_.read(which.seq);
    if (what) {
        auto answer = co_await tried(std::move(through), std::move(*what));
        by.pace.ended(answer.what, answer.after, time_.now());
        const double share = std::uniform_real_distribution<double>(0, 1)(random_);
        auto         one   = how_it_went(which, answer, share);
        one.took           = std::chrono::duration_cast<milliseconds>(time_.now() - begun);
        switch (one.outcome) {
            case verdict::delivered: delivered_.add(); break;
            case verdict::again: again_.add(); break;
            case verdict::given_up: given_up_.add(); break;
        }
        ended_.push_back(std::move(one));
    } else if (what.error().code == errc::malformed) {
        give_up(which, "it cannot be read: " + what.error().detail);
    } else {
        std::erase(begun_, which.seq);  // the store's trouble: it is due as before
    }
    by.busy = false;
    --under_way_;
    bell_->ring();
}

/// A mistake of ours in one message must not end the process, whose events matter more.
task<delivery_answer> deliverer::tried(std::shared_ptr<alert_channel> through, notification what) {
    delivery_answer answer;
    try {
        answer = co_await through->deliver(std::move(what));
    } catch (const std::system_error& stopped) {
        if (stopped.code() == asio::error::operation_aborted) throw;
        answer.said = std::string("broken off by a mistake of our own: ") + stopped.what();
    } catch (const std::exception& other) {
        answer.said = std::string("broken off by a mistake of our own: ") + other.what();
    }
    co_return answer;
}

void deliverer::give_up(const due_delivery& which, std::string why) {
    if (std::ranges::find(begun_, which.seq) == begun_.end()) begun_.push_back(which.seq);
    given_up_.add();
    delivery_try one;
    one.seq     = which.seq;
    one.outcome = verdict::given_up;
    one.said    = std::move(why);
    ended_.push_back(std::move(one));
    bell_->ring();
}

deliverer::lane& deliverer::lane_of(const reachable& to) {
    const auto found = lanes_.find(to.name);
    if (found != lanes_.end()) {
        found->second.pace.limit(to.per_minute);
        return found->second;
    }
    auto pace       = opt_.pace;
    pace.per_minute = to.per_minute;
    return lanes_.emplace(to.name, lane{receiver_pace(pace, time_.now()), false}).first->second;
}

}  // namespace falconer::alerts

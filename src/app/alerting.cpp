#include "alerting.hpp"

#include "falconer/log.hpp"

#include <utility>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

/// At the end what is under way may come to its own; the store is told within the second.
constexpr auto patience = 3s, last_words = 10s;

}  // namespace

alerting::alerting(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
    store::pg_options store
)
    : loop_(loop), time_(time), metrics_(metrics), store_(loop, time, {.postgres = store}),
      desk_(loop, time, {.postgres = store}),
      rules_(metrics.make_gauge(
          "falconer_alert_operators_rules", "Alert rules of the configuration, ours among them."
      )),
      names_(metrics.make_gauge("falconer_alert_receivers", "Receivers of the configuration.")),
      scope_(loop) {}

result<void> alerting::start(const alerts_configuration& how) {
    auto book = receiver_book::make(loop_, time_, how);
    if (!book) return std::move(book).error();
    receivers_ = std::move(*book);

    alerts::evaluator::options evaluating;
    evaluating.rules = how.rules;
    evaluator_.emplace(time_, store_, metrics_, std::move(evaluating));

    alerts::deliverer::options delivering;
    delivering.at_once  = how.at_once;
    delivering.lifetime = how.lifetime;
    deliverer_.emplace(
        loop_, time_, desk_,
        [this](const std::string& project, const std::string& name) {
            return receiver_book::find(receivers_, project, name);
        },
        metrics_, delivering
    );
    count(how);
    scope_.keep("alert evaluation", time_, [this] { return evaluator_->run(); });
    scope_.keep("alert deliveries", time_, [this] { return deliverer_->run(); });
    return {};
}

result<void> alerting::use(const alerts_configuration& how) {
    if (!evaluator_) return {};
    auto book = receiver_book::make(loop_, time_, how);
    if (!book) return std::move(book).error();
    receivers_ = std::move(*book);
    evaluator_->use(how.rules);
    count(how);
    return {};
}

void alerting::count(const alerts_configuration& how) {
    rules_.set(static_cast<double>(how.rules.size()));
    names_.set(static_cast<double>(receivers_->size()));
}

task<result<void>> alerting::hand_over() {
    auto told = co_await deliverer_->finish(patience);
    auto left = co_await evaluator_->release();
    if (!told) co_return std::move(told).error();
    co_return left;
}

task<void> alerting::stop() {
    co_await scope_.stop();
    if (!deliverer_ || std::exchange(finished_, true)) co_return;
    auto work = hand_over();
    auto done = co_await with_timeout(time_, last_words, std::move(work));
    // What was under way then comes once more, with the same key.
    if (!done)
        log_of("alerts").warn(
            "alerts are not handed over; others take them up within seconds reason=\"{}\"",
            done.error().detail
        );
}

}  // namespace falconer::app

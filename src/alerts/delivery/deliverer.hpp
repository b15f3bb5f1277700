// Brings what waits to its receivers, again and again, until they have it.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "falconer/ports/alert_channel.hpp"
#include "falconer/ports/delivery_desk.hpp"
#include "falconer/task_scope.hpp"
#include "falconer/time_source.hpp"
#include "pace.hpp"

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace falconer::alerts {

/// A receiver as it can be reached now.
struct reachable {
    std::string                    name{};     // of its own among all; "" and its owner apart
    std::shared_ptr<alert_channel> channel{};  // none: there is no such receiver
    double                         per_minute = 30;
};

/// Every replica may run one: the desk lets one of them deliver, and another within the lease of
/// its end. A telling is written down as told after the receiver has taken it: a kill in between
/// makes it come once more, with the same key. Of each group the tellings come in their order, and
/// to a receiver one at a time. Threading: the loop thread. Borrows all that it is given.
class deliverer {
public:
    /// The receiver that a rule of `project` means: its own, or the operators'.
    using address_book =
        std::function<reachable(const std::string& project, const std::string& receiver)>;

    struct options {
        std::chrono::milliseconds look{250};              // between two looks at what is due
        std::chrono::milliseconds lease{6'000};           // then another one may take over
        std::chrono::milliseconds stand_by{2'000};        // between two tries to
        std::chrono::milliseconds longest_pause{30'000};  // between failures of the store
        std::chrono::seconds      lifetime{std::chrono::hours{24}};  // then a telling is given up
        std::size_t               at_once = 32;
        std::size_t               portion = 5'000;  // receivers looked at
        /// What a closed receiver's rest and the rate are made of; per_minute is the receiver's.
        receiver_pace::options pace{};
    };
    deliverer(
        asio::any_io_executor loop, time_source& time, delivery_desk& desk, address_book book,
        metrics_registry& metrics, options opt
    );

    /// Until cancelled. A store that cannot be reached is no end.
    task<void> run();
    /// After run() has ended: waits for what is under way, at most so long, and writes down how it
    /// went; then others may take over. Errors: those of the store.
    task<result<void>> finish(std::chrono::milliseconds most);

    std::size_t under_way() const noexcept { return under_way_; }
    /// Receivers that are left alone for a while, by name.
    std::vector<std::string> resting() const;

private:
    struct lane {
        receiver_pace pace;
        bool          busy = false;
    };

    task<result<void>> round();
    task<result<void>> put_down();
    task<result<void>> look_around();
    task<void>         bring(due_delivery which, std::shared_ptr<alert_channel> through, lane& by);
    static task<delivery_answer> tried(std::shared_ptr<alert_channel> through, notification what);
    void                         give_up(const due_delivery& which, std::string why);
    lane&                        lane_of(const reachable& to);

    time_source&                time_;
    delivery_desk&              desk_;
    address_book                book_;
    options                     opt_;
    uuid                        me_ = uuid::random();
    counter&                    delivered_;
    counter&                    again_;
    counter&                    given_up_;
    gauge&                      resting_;
    std::unique_ptr<bell>       bell_;
    std::map<std::string, lane> lanes_;  // never taken out: children hold them
    std::vector<delivery_try>   ended_;  // to be written down
    std::vector<std::int64_t>   begun_;  // until they are
    std::size_t                 under_way_ = 0;
    bool                        ours_      = false;
    steady_time                 hold_again_{};
    std::minstd_rand            random_{std::random_device{}()};
    log_gate                    gate_{};
    task_scope                  scope_;
};

}  // namespace falconer::alerts

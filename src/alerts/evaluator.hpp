// Follows the store with the rules, and puts down what they find.
#pragma once

#include "engine.hpp"
#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "falconer/ports/alert_intake.hpp"
#include "falconer/ports/alert_store.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace falconer::alerts {

/// One shard's. Every replica may run one: the store lets one of them evaluate, and another within
/// ten seconds of its end. What was found is put down together with how far one has got: after a
/// failure, or a kill, it is read again, and nothing is missing or doubled.
/// Threading: the loop thread. Borrows all that it is given.
class evaluator final : public alert_intake {
public:
    struct options {
        int                       shard = 0;
        std::vector<alert_rule>   rules{};  // the operators'
        std::string               zones{zone_folder};
        std::chrono::milliseconds look{300};         // between two looks at the store
        std::chrono::milliseconds idle_look{2'000};  // … while no rule asks for events
        std::chrono::milliseconds clusters{10'000};  // … at how clusters are seen
        std::chrono::milliseconds lease{6'000};      // then another one may take over
        std::chrono::milliseconds stand_by{2'000};   // between two tries to
        std::chrono::milliseconds keep{5'000
        };  // where nothing is found, progress is put down so often
        std::chrono::milliseconds longest_pause{30'000};  // between failures
        std::size_t               events = 5'000;         // in one step, about
        /// Behind a step that leaves more to do it rests so many times as long as it has worked.
        int rest = 2;
    };
    evaluator(time_source& time, alert_store& store, metrics_registry& metrics, options opt);

    /// Round after round until cancelled. A store that cannot be reached is no end.
    task<void> run();
    /// Other operators' rules, from the next round on.
    void use(std::vector<alert_rule> operators);

    /// For others to take over at once. Errors: those of the store.
    task<result<void>> release();

    /// One step. Whether there is more to do already. Errors: those of the store.
    task<result<bool>> once();

    bool takes() const noexcept override { return engine_ != nullptr; }
    bool stand(std::vector<alert_standing> these) override;

    /// Of what is evaluated here; null: another one does.
    const engine* current() const noexcept { return engine_.get(); }

private:
    task<result<bool>> hold();
    task<result<void>> load(const alert_hold& from);
    task<result<void>> read_rules(engine& into);
    /// Those of the cells that a rule may find.
    task<result<std::vector<event_cell>>> wanted(const std::vector<event_cell>& cells);
    task<result<void>>                    take(const new_batches& from);
    task<result<new_batches>>             next();
    task<result<void>>                    look_at_clusters();
    task<result<bool>>                    put(const new_batches& from);
    void                                  give_up();

    const time_zone*          zone_of(const std::string& name);
    std::chrono::milliseconds pause_until_next() const;

    time_source&                     time_;
    alert_store&                     store_;
    options                          opt_;
    uuid                             me_ = uuid::random();
    counter&                         read_;
    counter&                         told_;
    counter&                         failures_;
    counter&                         left_out_;
    gauge&                           holds_;
    gauge&                           alerts_;
    gauge&                           behind_;
    std::unique_ptr<engine>          engine_;
    alert_progress                   progress_{};  // may be ahead of what is put down
    alert_progress                   kept_{};
    std::uint64_t                    counted_out_ = 0;  // of this engine's, told already
    std::int64_t                     edition_     = 0;
    bool                             stale_       = false;  // the operators' rules are others now
    steady_time                      hold_again_{}, put_again_{}, clusters_again_{};
    std::vector<alert_standing>      standing_;
    std::map<std::string, time_zone> zones_;
    log_gate                         gate_{};
};

}  // namespace falconer::alerts

// Moves versions of Falco in maintenance windows, and brings the landscape's destinations in: of
// all Shoots and Seeds of a garden that ask for Falco.
#pragma once

#include "falconer/metrics.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/task_scope.hpp"
#include "maintenance_move.hpp"
#include "one_watch.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace falconer::actors {

/// Follows them and the FalcoProfiles; plans anew whenever one of them changes; keeps one clock for
/// all. Of each it keeps what its version hangs on, some hundred bytes. To be there only while we
/// lead: two at once do no harm, but the same work.
///
/// Lifetime : start() once; stop() before destruction.
/// Threading: the loop thread only.
class maintenance {
public:
    struct options {
        /// Seeds have no window of their own. By default the first six hours of UTC's day.
        falco::maintenance_window seeds{.length = std::chrono::hours(6)};
        /// So long before, a forced move is announced, once a day.
        std::chrono::hours        ahead{7 * 24};
        std::size_t               at_once = 8;  // objects that are written
        std::chrono::milliseconds first_pause{5'000}, longest_pause{15 * 60 * 1'000};
        /// So long somebody's wish for maintenance at once is kept, if it cannot be done.
        std::chrono::seconds    asked{3600};
        std::function<double()> chance{};  // 0 … 1; not set: no jitter
        settling                settle{};
    };

    maintenance(
        asio::any_io_executor loop, time_source& time, kube_api& garden, metrics_registry& metrics,
        options opt
    );
    ~maintenance();

    void       start();
    task<void> stop() { return scope_.stop(); }

    /// Everything there is has been told at least once.
    bool synced() const;
    /// Of the watches that are in trouble, a sentence each.
    std::vector<std::string> troubles() const;
    std::size_t              size() const noexcept { return known_.size(); }
    void                     refresh_metrics();

private:
    enum class intent : std::uint8_t { nothing, tell, announce, move };
    using place = std::pair<falco::maintained_kind, kube_key>;
    struct entry {
        falco::maintained       who{};
        falco::maintenance_plan plan{};
        falco::version_move     wanted{};  // since then:
        utc_time                wanted_since = utc_time::min();
        std::optional<utc_time> asked_since{};
        utc_time                not_before = utc_time::min();
        int                     failures   = 0;
        bool                    ready      = false;  // waits for its turn
        bool                    busy       = false;
        std::string             announced{};  // the last one: its `once`
        std::optional<utc_time> alarm{};
        /// A write to which no answer came.
        std::optional<move_outcome> unanswered{};
        /// What the landscape's destinations are different by, and since when; when it is written.
        std::vector<std::string> unsettled{};
        utc_time                 unsettled_since = utc_time::min();
        std::optional<utc_time>  settle_due{};
        /// What was written last; before then it is not written again.
        std::vector<std::string> settled_last{};
        utc_time                 settle_again = utc_time::min();
        /// Of destinations that somebody else has settled: its owner is told all the same.
        std::optional<falco::maintenance_note> owed{};
    };
    struct at_work;

    void heard(falco::maintained_kind kind, const object_change& change);
    void heard_profiles();
    void learn(entry& about, falco::maintained who);
    void look(const place& at);
    void forget(const place& at);
    void set_alarm(const place& at, entry& of, utc_time when);

    void   hear_of_others(entry& about, const falco::maintained& now);
    void   plan(entry& of) const;
    void   plan_destinations(entry& of) const;
    intent intent_of(entry& of) const;
    std::optional<falco::maintenance_note> announcement_for(const entry& of) const;

    task<void> run();
    task<void> work(place at);
    task<void> announce(place at);
    task<void> pay(place at);
    task<void> move(place at);
    task<bool> tell(falco::maintained who, falco::maintenance_note note);
    task<void> tell_of(place at, move_outcome outcome);
    void       take_in(entry& of, move_outcome& outcome);
    void       pause(entry& of);

    time_source&      time_;
    kube_api&         garden_;
    options           opt_;
    maintenance_facts facts_{};
    /// The last catalogue that offered anything: what is missing since has been withdrawn.
    std::shared_ptr<const falco::releases> last_offered_{};
    std::set<std::string>                  said_{};  // of profiles, to the log
    std::unique_ptr<bell>                  bell_;
    std::map<place, entry>                 known_;
    std::set<std::pair<utc_time, place>>   agenda_{};
    std::deque<place>                      ready_{};  // each at most once
    std::size_t                            working_ = 0;
    std::unique_ptr<one_watch>             profiles_, shoots_, seeds_;
    std::map<std::pair<falco::maintained_kind, falco::version_move::action>, counter*> moves_{};
    std::map<falco::maintained_kind, counter*>                                         settled_{};
    counter&                                                                           failures_;
    counter&                                                                           conflicts_;
    counter&   announcements_;
    gauge&     shoots_known_;
    gauge&     seeds_known_;
    gauge&     automatic_pending_;
    gauge&     forced_pending_;
    gauge&     unsettled_;
    gauge&     stuck_;
    task_scope scope_;
};

}  // namespace falconer::actors

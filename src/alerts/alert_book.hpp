// The alerts of a shard: what has matched, and whether it goes on.
#pragma once

#include "change_list.hpp"
#include "falconer/ports/alert_intake.hpp"
#include "rule_set.hpp"
#include "window.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace falconer::alerts {

/// An alert, and what is kept of it beside.
struct kept_alert {
    told_alert  is{};
    std::string project{};       // of its rule
    utc_time    touched{};       // when something matched last, by our clock
    bool        stands = false;  // somebody says when it ends
    /// Its latest event, or one that was the latest some seconds ago: silences look at it.
    std::optional<found_event> sample{};
    utc_time                   sampled{};

    bool active() const noexcept { return !is.ended; }
};

/// Pure. Everything it holds can be read from the rows that it gives out.
class alert_book {
public:
    explicit alert_book(change_list& changes) : changes_(changes) {}

    /// One event that the rule's filter has found. The alert that has begun or gone on with it;
    /// null: there is not enough yet.
    const kept_alert* take(
        const ready_rule& rule, const found_event& event, const filter::subject& in, utc_time now
    );
    /// As an alert_intake is told. Null: it is over, and was never known.
    const kept_alert* stand(const ready_rule& rule, const alert_standing& as, utc_time now);

    /// Ends what has gone quiet, and forgets windows that have run out. The alerts that ended.
    std::vector<uuid> advance(const rule_set& rules, utc_time now);
    void              erase(const uuid& alert);
    /// What rules have left that are no more.
    void drop_others(const rule_set& rules);

    const kept_alert* find(const uuid& id) const;
    /// Active ones of the rule of which somebody says when they end.
    std::vector<const kept_alert*> standing(const uuid& rule) const;
    /// Whether an alert of the rule is active that has these values.
    bool        has_active(const uuid& rule, const label_set& with) const;
    std::size_t size() const noexcept { return alerts_.size(); }
    /// Events that no threshold has counted, for want of room.
    std::uint64_t left_out() const noexcept { return left_out_; }

    void load(const alert_row& row, const rule_set& rules);
    /// Nothing: there is no such thing any more.
    std::optional<std::string> body_of(alert_row::kind is, const uuid& id) const;

private:
    struct watched {
        uuid         rule{};
        event_window window{};
    };
    kept_alert& begin_or_go_on(
        const ready_rule& rule, const label_set& labels, utc_time started, utc_time now
    );
    bool is_enough(
        const ready_rule& rule, const uuid& id, const found_event& event, const filter::subject& in,
        utc_time now
    );
    bool has_ended(const kept_alert& alert, const ready_rule& rule, utc_time now) const;
    void forget_window(std::map<uuid, watched>::iterator& at);

    /// Of one rule, and of all: names are the senders'. What comes beyond goes into one alert of
    /// the rule without labels; what a threshold would have to remember beyond is left out,
    /// counted.
    static constexpr std::size_t most_alerts = 1000, most_windows = 1000;
    static constexpr std::size_t most_of_all = 10'000;

    change_list&                   changes_;
    std::map<uuid, kept_alert>     alerts_;
    std::map<uuid, watched>        windows_;     // by the alert's id
    std::map<uuid, std::set<uuid>> by_rule_;     // alerts
    std::map<uuid, std::size_t>    windows_of_;  // by the rule
    utc_time                       pruned_{};
    std::uint64_t                  left_out_ = 0;
};

}  // namespace falconer::alerts

// Alerts of a shard: rules, what they have found, and what is to be told of it. Decides, and does
// nothing.
#pragma once

#include "alert_book.hpp"
#include "bundles.hpp"
#include "change_list.hpp"
#include "falconer/ports/alert_store.hpp"
#include "hush.hpp"
#include "rule_set.hpp"

#include <functional>
#include <vector>

namespace falconer::alerts {

/// Pure: the same calls give the same answers. What it has found is in rows() and tell(), and
/// another one that loads these rows goes on as it would have. Threading: the loop thread.
class engine {
public:
    engine()                         = default;
    engine(const engine&)            = delete;
    engine& operator=(const engine&) = delete;

    /// The rules in force from now on; alerts of others are forgotten, and nothing is told of that.
    void put(std::vector<alert_rule> rules, utc_time now, const rule_set::zones& zone_of);
    void put(std::vector<silence> silences, utc_time now);
    /// What was kept, once and behind the rules.
    void load(const std::vector<alert_row>& rows);

    /// Whether wants() knows of these events without being told what they are.
    bool knows(const event_cell& cell) const { return rules_.knows(cell); }
    /// Whether some rule may find such events. `kind` is asked for where it is not known.
    bool wants(const event_cell& cell, const std::function<event_kind()>& kind);
    /// An event of a cell that wants() was asked about.
    void take(const event_cell& cell, const found_event& event, utc_time now);
    void stand(const alert_standing& as, utc_time now);

    /// Ends what is over. `now`: by what has come, where more is to come.
    void advance(utc_time now);
    /// What is due.
    std::vector<notification> tell(utc_time now);
    utc_time                  next_due() const { return bundles_.next_due(); }

    /// What has changed since the last call.
    std::vector<alert_row> rows();

    const alert_book& book() const noexcept { return book_; }
    const rule_set&   rules() const noexcept { return rules_; }

private:
    change_list changes_;
    rule_set    rules_;
    silence_set silences_;
    alert_book  book_{changes_};
    bundles     bundles_{changes_};
};

}  // namespace falconer::alerts

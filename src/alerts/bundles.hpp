// Notifications of what belongs together: waited for, told, and told again. As Alertmanager's
// dispatcher has it, for each rule and receiver.
#pragma once

#include "alert_book.hpp"
#include "change_list.hpp"
#include "hush.hpp"

#include <map>
#include <string>
#include <vector>

namespace falconer::alerts {

/// Pure. Everything it holds can be read from the rows that it gives out.
class bundles {
public:
    explicit bundles(change_list& changes) : changes_(changes) {}

    /// The alert has begun, goes on, or has ended.
    void note(const kept_alert& alert, const ready_rule& rule, utc_time now);

    /// What is due. Whoever keeps these keeps the changes with them. Alerts that have ended and
    /// that nobody waits for any more leave the book.
    std::vector<notification> tell(
        alert_book& book, const rule_set& rules, const silence_set& silences, utc_time now
    );
    /// When something will be; max(): nothing is.
    utc_time next_due() const;

    /// What rules have left that are no more, or do not name their receiver any more.
    void drop_others(const rule_set& rules);

    /// Whether something is still to be told of the alert.
    bool        wants(const uuid& alert) const { return held_.contains(alert); }
    std::size_t size() const noexcept { return all_.size(); }

    void                       load(const alert_row& row);
    std::optional<std::string> body_of(const uuid& id) const;

private:
    struct bundle {
        uuid                 rule{};
        std::string          receiver{};
        label_set            labels{};
        utc_time             born{};
        std::int64_t         number = 0;  // of tellings so far
        utc_time             due    = utc_time::max();
        utc_time             told_at{};
        std::map<uuid, bool> members{};  // alerts → whether the receiver knows of them
    };
    /// The members of a bundle, by what is to be done with them.
    struct sorted {
        std::vector<const kept_alert*> fresh{}, known{}, over{};  // over: it is known, and to tell
        std::vector<uuid>              gone{};                    // nothing to tell any more
        bool                           hushed = false;            // some are, for now
    };
    sorted sort(
        const bundle& of, const ready_rule& rule, const alert_book& book, const rule_set& rules,
        const silence_set& silences, utc_time now
    ) const;
    notification made_of(
        const uuid& id, bundle& of, const ready_rule& rule, const sorted& what, bool repeated,
        utc_time now
    ) const;
    utc_time next_of(
        const bundle& of, const ready_rule& rule, const sorted& what, bool told, utc_time now
    ) const;

    void add(bundle& to, const uuid& alert, bool knows);
    void remove(bundle& from, const uuid& alert);
    /// What was decided of the members, and when it is looked at again.
    void settle(bundle& of, const ready_rule& rule, const sorted& what, bool told, utc_time now);

    change_list&           changes_;
    std::map<uuid, bundle> all_;
    std::map<uuid, int>    held_;  // alerts → by so many bundles
};

}  // namespace falconer::alerts

// A batch as what the store is told: one script, and the rows of its COPY. Pure.
#pragma once

#include "dictionary.hpp"
#include "falconer/ports/event_store.hpp"
#include "pg_copy.hpp"

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace falconer::store {

/// Receipt days that partitions may exist for: a clock that jumps must not make a day for each
/// jump.
struct receipt_window {
    utc_time oldest{};
    utc_time newest{};
};

/// Borrows batch and dictionary.
class event_batch {
public:
    event_batch(const record_batch& batch, dictionary& words, receipt_window allowed);

    /// Texts without a number, to be resolved before the rest is asked for.
    wanted_texts wanted() const;

    bool                                   has_events() const { return !fresh_.empty(); }
    const std::set<std::chrono::sys_days>& days() const { return days_; }  // of receipt

    /// Whether an event may have been stored under another day, where the day's unique index does
    /// not see it: a record from the spool, or an event that was not made on the day it came.
    bool may_be_elsewhere() const { return may_be_elsewhere_; }

    /// Everything in one message, hence one transaction: quarantine, tallies, the question which
    /// events are here already (if `ask`), COPY. Without events: no question, no COPY.
    std::string script(bool ask) const;

    /// The rows of the COPY; `here` are the answers to the question: indices into fresh events.
    std::string_view rows(pg_copy& copy, const std::vector<std::size_t>& here);

    /// One verdict per record, once rows() has been asked for.
    const std::vector<stored_as>& verdicts() const { return verdicts_; }

private:
    utc_time     receipt_of(utc_time said) const;
    bool         made_on_its_day(const falco_event& event) const;
    std::int32_t number(text_kind kind, std::string_view value) const;
    void         append_question(std::string& sql) const;
    void         append_aside(std::string& sql, const quarantined_body& body) const;
    void         append_tallies(std::string& sql) const;
    void         append_row(pg_copy& copy, const falco_event& event) const;

    const record_batch&             batch_;
    dictionary&                     words_;
    receipt_window                  allowed_;
    std::vector<std::size_t>        fresh_;  // records: events that no earlier record repeats
    std::vector<stored_as>          verdicts_;
    std::set<std::chrono::sys_days> days_;
    bool                            may_be_elsewhere_ = false;
};

}  // namespace falconer::store

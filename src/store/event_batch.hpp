// A batch as what the store is told: one script, and the rows of its COPY. Pure.
#pragma once

#include "batch_counts.hpp"
#include "dictionary.hpp"
#include "falconer/ports/event_store.hpp"
#include "pg_copy.hpp"

#include <array>
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

/// What the store says to a script before it gets the rows.
struct store_answer {
    std::int64_t             batch = 0;  // falconer.batch.seq
    std::vector<std::size_t> here{};     // of those asked about, which are here already
};

/// Which events of a batch the store is asked about before it gets them. The suspects may have been
/// stored under another day, where the day's unique index does not see it: those from the spool,
/// and those that were not made on the day they came.
enum class ask_about { suspects, all };

/// Borrows batch and dictionary.
class event_batch {
public:
    event_batch(const record_batch& batch, dictionary& words, receipt_window allowed);

    /// Texts without a number, to be resolved before the rest is asked for.
    wanted_texts wanted();

    bool                                   has_events() const { return !fresh_.empty(); }
    const std::set<std::chrono::sys_days>& days() const { return days_; }  // of receipt

    /// Everything in one message, hence one transaction: quarantine, tallies, the batch with its
    /// counts and the question which of some events are here already, COPY. Without events: no
    /// batch, no COPY. All that is wanted has been resolved.
    ///
    /// The answer's columns: the batch's number, or nothing; and beside nothing the place of an
    /// event that is here among those asked about.
    std::string script(ask_about whom);

    /// What a connection is told before its first script: each batch would be planned anew, and
    /// that costs four times what it takes to store it.
    static constexpr auto preparation =
        "PREPARE falconer_batch (date[], int4[], int4[], int4[], int2[], int4[]) AS INSERT INTO "
        "falconer.batch (days, minutes, clusters, rules, priorities, counts) "
        "VALUES ($1, $2, $3, $4, $5, $6) RETURNING seq";

    /// Makes the rows before the answer is there, if it cannot leave one out. `copy` is not to be
    /// touched until they are asked for.
    void prepare_rows(pg_copy& copy);

    /// The rows of the COPY.
    std::string_view rows(pg_copy& copy, const store_answer& known);

    /// One verdict per record, once rows() has been asked for.
    const std::vector<stored_as>& verdicts() const { return verdicts_; }

private:
    /// Of an event's texts, in the dictionary; 0: none, not asked for yet, or too long for it.
    struct numbers {
        std::int32_t                cluster = 0, rule = 0;
        std::array<std::int32_t, 3> repeated{};  // source, hostname, tags
    };

    void leave_out_repetitions();
    template <class Number>
    void               for_each_text(Number&& number);
    const falco_event& fresh(std::size_t which) const;
    utc_time           receipt_of(utc_time said) const;
    utc_time           oldest_twin() const;
    utc_time           youngest_twin() const;
    bool               may_be_elsewhere(const falco_event& event) const;
    std::int32_t       number(text_kind kind, std::string_view value) const;
    event_place        place_of(std::size_t which) const;
    void               append_counts(std::string& sql) const;
    void               append_forgotten(std::string& sql) const;
    void               append_question(std::string& sql) const;
    std::string        counts_of_the_others() const;
    void               append_raw(std::string& sql, std::size_t which) const;
    void               append_aside(std::string& sql, const quarantined_body& body) const;
    void               append_tallies(std::string& sql) const;
    void               append_rows(pg_copy& copy) const;
    void append_row(pg_copy& copy, const falco_event& event, const numbers& known) const;

    const record_batch&             batch_;
    dictionary&                     words_;
    receipt_window                  allowed_;
    std::vector<std::size_t>        fresh_;    // records: events that repeat no earlier record
    std::vector<numbers>            numbers_;  // of the fresh events
    std::vector<std::size_t>        asked_;    // fresh events, in their order
    std::vector<stored_as>          verdicts_;
    std::set<std::chrono::sys_days> days_;
    bool                            long_texts_ = false;  // some stay with their events
    bool                            prepared_   = false;  // the rows are made
};

}  // namespace falconer::store

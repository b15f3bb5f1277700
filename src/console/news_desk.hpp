// What was stored of late, read once however many watch.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "falconer/turnstile.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace falconer::console {

/// One reader goes ahead for all, look by look; who watches goes behind it, from issue to issue.
/// Who comes with a place of their own (a page's, or of before a break) is led to the reader's
/// place first. Threading: the loop thread. Borrows the store.
class news_desk {
public:
    struct options {
        steady_time::duration look{std::chrono::milliseconds{200}};  // between two of the reader's
        steady_time::duration idle{std::chrono::seconds{10}};  // unasked for so long it begins anew
        std::size_t           events = 2000;                   // kept for those who are behind
        std::size_t           bytes  = 8 * 1024 * 1024;        // of their texts
    };
    news_desk(asio::any_io_executor loop, time_source& time, event_queries& store, options opt)
        : time_(time), store_(store), opt_(opt), one_at_a_time_(std::move(loop), 1) {}

    struct issue {
        std::string                from{};
        news                       what{};
        std::deque<event_contents> contents{};  // of what.events
        std::size_t                bytes = 0;   // of their texts
    };
    using issue_ptr = std::shared_ptr<const issue>;

    /// What came next after `position`: one issue, which may be empty.
    /// Errors: those of follow().
    task<result<issue_ptr>> after(std::string position);

    /// Nothing came after it, as far as the reader has looked.
    bool is_latest(const std::string& position) const { return position == head_; }

    /// Where to begin who wants to hear of everything from now on.
    task<result<std::string>> now();

private:
    bool               is_fresh(steady_time::duration within) const;
    issue_ptr          found(const std::string& from) const;
    task<result<void>> catch_up();
    task<result<void>> begin();
    task<result<void>> look();

    time_source&               time_;
    event_queries&             store_;
    options                    opt_;
    turnstile                  one_at_a_time_;
    std::deque<issue_ptr>      chain_;  // each begins where the one before it ends; the last: head_
    std::string                head_;   // how far the reader has got
    std::size_t                kept_ = 0, bytes_ = 0;  // events in the chain, and of their texts
    std::optional<steady_time> looked_;                // nothing: there is no head
    steady_time                moved_{};               // when the head became what it is
};

}  // namespace falconer::console

// What was stored of late, asked for once however many follow it.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "falconer/turnstile.hpp"

#include <deque>
#include <memory>
#include <string>

namespace falconer::console {

/// Threading: the loop thread. Borrows the store.
class news_desk {
public:
    news_desk(asio::any_io_executor loop, time_source& time, event_queries& store)
        : time_(time), store_(store), one_at_a_time_(std::move(loop), 1) {}

    struct issue {
        std::string                from{};
        news                       what{};
        std::deque<event_contents> contents{};  // of what.events
        steady_time                at{};
    };
    using issue_ptr = std::shared_ptr<const issue>;

    /// What came after `position`. Whoever asks for the same in the next seconds gets the same.
    /// Errors: those of follow().
    task<result<issue_ptr>> after(std::string position);

    /// Where to begin who wants to hear of everything from now on.
    task<result<std::string>> now();

private:
    issue_ptr found(const std::string& from);

    time_source&          time_;
    event_queries&        store_;
    turnstile             one_at_a_time_;
    std::deque<issue_ptr> latest_;
};

}  // namespace falconer::console

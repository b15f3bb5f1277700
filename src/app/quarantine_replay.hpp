// Puts a quarantined body back, where it is an event by today's rules.
#pragma once

#include "console/handler.hpp"
#include "store/pg_event_store.hpp"

namespace falconer::app {

/// Threading: the loop thread; one replay at a time, the others wait.
class quarantine_replay final : public console::body_replay {
public:
    quarantine_replay(asio::any_io_executor loop, time_source& time, store::pg_options writer);

    task<result<outcome>> replay(aside_body what) override;

private:
    task<result<void>> mark(std::int64_t id);

    asio::any_io_executor loop_;
    time_source&          time_;
    store::pg_options     writer_;
    store::pg_event_store events_;
    turnstile             one_at_a_time_;
};

}  // namespace falconer::app

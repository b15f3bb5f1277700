// A body that was kept aside, stored as an event after all.
#pragma once

#include "falconer/async.hpp"
#include "falconer/ports/event_store.hpp"
#include "store/pg_event_store.hpp"

#include <optional>
#include <string>

namespace falconer::app {

struct body_aside {
    std::string cluster{};  // an identity
    utc_time    received{};
    std::string body{};
};

/// What became of it.
struct put_back_outcome {
    std::optional<stored_as> stored{};  // nothing: it stays aside
    std::string              why{};     // it stays
    uuid                     id{};      // of the event
};

/// A body keeps the time at which it came, however long ago that is.
store::pg_event_store::options put_back_options(store::pg_options writer);

/// Takes the body as the ingestor would take it today. That it is no longer aside is for the caller
/// to note. Errors: those of insert() that are not the body's own fault.
task<result<put_back_outcome>> put_back(event_store& into, body_aside what);

}  // namespace falconer::app

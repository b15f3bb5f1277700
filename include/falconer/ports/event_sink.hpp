// Where a checked record goes to become durable.
#pragma once

#include "falconer/async.hpp"
#include "falconer/event.hpp"

namespace falconer {

/// How a record became durable. Any of these allows a 2xx.
enum class kept_as : std::uint8_t {
    committed,
    duplicate,
    quarantined,
    counted,
    spooled,
    dead_letter,  // in a file beside the spool: no store takes it in any form
};

class event_sink {
public:
    virtual ~event_sink() = default;

    /// Returns when the record is durable, or will never be.
    ///
    /// Errors : unavailable   neither the store nor the spool took it within the time a sender is
    /// held
    ///          overloaded    too much waits already
    /// Cancel : stops waiting; the record is kept all the same.
    virtual task<result<kept_as>> submit(ingest_record record) = 0;
};

}  // namespace falconer

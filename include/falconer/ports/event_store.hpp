// Where events are kept.
#pragma once

#include "falconer/async.hpp"
#include "falconer/event.hpp"

#include <vector>

namespace falconer {

/// How a record fared in a batch that was stored.
enum class stored_as : std::uint8_t {
    committed,    // an event, new
    duplicate,    // an event that was here before; nothing changed
    quarantined,  // kept aside
    counted,      // only its count
};

class event_store {
public:
    virtual ~event_store() = default;

    /// Stores all records or none (of an empty batch: says whether the store would answer). Returns
    /// when they are durable; one verdict per record, in order. An event is stored once per
    /// (cluster, uuid), whatever the day; a tally once per batch id.
    ///
    /// Errors : unavailable, timed_out, overloaded, denied
    ///                                  unknown whether stored; a repetition does no harm
    ///          malformed, too_large    a record cannot be stored, ever; nothing was stored
    ///          broken                  our own mistake (the schema is not ours); nothing was
    ///          stored
    /// Cancel : stops waiting; the batch may or may not have been stored.
    virtual task<result<std::vector<stored_as>>> insert(const record_batch& batch) = 0;
};

}  // namespace falconer

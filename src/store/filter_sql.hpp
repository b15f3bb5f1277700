// A filter as a condition of SQL.
#pragma once

#include "falconer/filter.hpp"
#include "falconer/ports/event_queries.hpp"
#include "statement.hpp"

#include <string>

namespace falconer::store {

/// Of falconer.event as `e`; true or false, never null. The same verdict as filter::matches().
std::string condition_of(const filter::node& what, statement& into);

/// Of falconer.event (or whatever has a cluster's number) as `alias`: that it is somebody's to see.
std::string condition_of(const readable_clusters& who, const std::string& alias, statement& into);

/// What a filter says of the time of receipt and an event must fulfil in any case.
receipt_span span_of(const filter::node& what);

/// To the microsecond, which is what the store keeps of receipts.
std::string instant_text(utc_time t);

}  // namespace falconer::store

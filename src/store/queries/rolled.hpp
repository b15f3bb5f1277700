// What the roll-ups can tell of a search.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "statement.hpp"

#include <string>

namespace falconer::store {

/// Whether the filter asks for nothing but what roll-ups know: rule, priority and cluster.
bool is_rolled(const filter::node& what);
bool is_rolled(const event_search& what);

/// Whether the filter asks for nothing but clusters, by whichever name.
bool is_of_clusters(const filter::node& what);
/// What a filter says of clusters and holds for every event that it finds. Null: nothing.
filter::node_ptr of_clusters(const filter::node_ptr& what);

/// "FROM … WHERE …" of rows e (minute, cluster, rule, priority, count), those of batches that are
/// still to be counted among them: all that has been committed, each event once.
std::string rolled_rows(const event_search& what, statement& into);

/// Whether the span begins and ends with a minute, as the roll-ups do.
bool is_of_minutes(const receipt_span& when);

}  // namespace falconer::store

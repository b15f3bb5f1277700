// What a search wants of assessments and suppressions, as SQL.
#pragma once

#include "falconer/triage.hpp"
#include "statement.hpp"

#include <string>

namespace falconer::store {

/// Of falconer.event as `e`: whether it belongs to the view. Nothing wanted: "true".
std::string condition_of(const triage_view& view, statement& into);

/// Rows like those of falconer.rollup, with a column `mark`: 0, or the state of an assessed event.
/// Those of assessed events correct what roll-ups, which know nothing of them, count too much or
/// too little.
struct rolled_view {
    std::string base_mark{};  // further column of the roll-ups' own rows
    bool        base = true;  // whether these are wanted at all
    std::string extra{};      // " UNION ALL SELECT …", or nothing
    std::string condition{};  // of all rows `e` together
};
/// For a view of which roll-ups can tell: neither states nor an assignee are asked for, and the
/// suppressions ask for nothing but what they know.
rolled_view rolled_view_of(const triage_view& view, statement& into);

}  // namespace falconer::store

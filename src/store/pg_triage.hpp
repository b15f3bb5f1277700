// Assessments, suppressions and their audit, in one store.
#pragma once

#include "falconer/ports/triage_desk.hpp"
#include "lone_writer.hpp"
#include "pg_event_queries.hpp"

#include <string>
#include <string_view>

namespace falconer::store {

/// Reads as `reads` does, over its connections; writes over one of its own. Borrows `reads`.
/// Threading: the loop thread; what is written goes one after the other.
class pg_triage final : public triage_desk {
public:
    pg_triage(
        asio::any_io_executor loop, time_source& time, pg_event_queries& reads, pg_options writer
    );

    task<result<assessments>>                 standing(std::vector<event_position> of) override;
    task<result<std::vector<event_position>>> visible(
        std::vector<event_position> of, readable_clusters who
    ) override;
    task<result<found_places>>   places(event_search what, std::size_t limit) override;
    task<result<cluster_counts>> count(event_search what) override;

    task<result<triage_outcome>> assess(assess_order what) override;
    task<result<triage_outcome>> undo(uuid action, uuid of, std::string who, std::string why)
        override;
    task<result<std::vector<triage_action>>> history(event_position of) override;
    task<result<std::vector<triage_action>>> actions(action_search what) override;

    task<result<std::vector<suppression>>> suppressions(std::optional<utc_time> holding) override;
    task<result<void>> suppress(suppression what, uuid action, std::string comment) override;
    task<result<void>> change(suppression_change what) override;

private:
    /// A question to the reader.
    task<result<pg_rows>> read(
        std::string sql, pg_connection::params values, std::string_view doing
    );
    static std::string is_theirs(const readable_clusters& who, statement& ask);

    task<result<cluster_counts>> count_rolled(pg_connection& db, event_search what);
    task<result<cluster_counts>> count_read(pg_connection& db, event_search what);

    pg_event_queries& reads_;
    lone_writer       writer_;
};

}  // namespace falconer::store

// Incidents and what people make of them, in one store.
#pragma once

#include "falconer/ports/incident_desk.hpp"
#include "lone_writer.hpp"
#include "pg_event_queries.hpp"

#include <string>
#include <string_view>

namespace falconer::store {

/// Reads over the connections of `reads`; writes over one of its own. Borrows `reads`.
/// Threading: the loop thread; what is written goes one after the other.
class pg_incidents final : public incident_desk {
public:
    pg_incidents(
        asio::any_io_executor loop, time_source& time, pg_event_queries& reads, pg_options writer
    );

    task<result<std::vector<incident>>> incidents(incident_search what) override;
    task<result<std::vector<incident>>> find(
        std::vector<uuid> ids, readable_clusters who, utc_time hours_from
    ) override;
    task<result<std::vector<triage_action>>> story(uuid id) override;
    task<result<std::uint64_t>>              act(incident_order what) override;
    task<result<image_history>>              first_seen(
                     std::string rule, std::string image, std::string cluster, readable_clusters who
                 ) override;

private:
    /// What incidents_of() has made, with `ask`'s values.
    task<result<std::vector<incident>>> read(std::string sql, statement ask);

    pg_event_queries& reads_;
    lone_writer       writer_;
};

}  // namespace falconer::store

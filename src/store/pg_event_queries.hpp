// The console's questions, asked of one store.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "falconer/ports/landscape_queries.hpp"
#include "falconer/ports/provider_queries.hpp"
#include "reader_pool.hpp"
#include "statement.hpp"
#include "window_walk.hpp"

#include <string>

namespace falconer::store {

/// Threading: the loop thread; any number of questions at a time.
class pg_event_queries final : public event_queries,
                               public landscape_queries,
                               public provider_queries {
public:
    struct options {
        std::string          name = "main";
        reader_pool::options pool{};
        std::size_t          sample = 50'000;  // of events, for facets that no roll-up knows
        std::size_t bytes = 4 * 1024 * 1024;   // of events at a time, about; one there is always
    };

    pg_event_queries(asio::any_io_executor loop, time_source& time, options opt);

    task<result<event_slice>>              page(page_search what) override;
    task<result<std::vector<found_event>>> find(
        uuid id, std::optional<event_position> at, readable_clusters who
    ) override;
    task<result<std::optional<std::string>>> raw(event_position at) override;
    task<result<std::vector<facet>>>         facets(facet_search what) override;
    task<result<time_histogram>>             histogram(histogram_search what) override;
    task<result<std::vector<std::string>>>   field_names(readable_clusters who) override;
    task<result<utc_time>>                   oldest() override;
    task<result<std::vector<cluster_state>>> clusters(cluster_search what) override;
    task<result<std::vector<aside_body>>>    aside(aside_search what) override;
    task<result<aside_body>>  aside_one(std::int64_t id, readable_clusters who) override;
    task<result<std::string>> position() override;
    task<result<news>> follow(std::string position, std::optional<std::string> until) override;
    task<result<landscape_counts>>            landscape(landscape_search what) override;
    task<result<provider_page>>               provider_events(provider_search what) override;
    task<result<provider_groups>>             provider_groups_of(event_search what) override;
    task<result<std::vector<provider_count>>> provider_counts(std::string landscape) override;

private:
    friend class pg_triage;     // which asks by the same searches
    friend class pg_incidents;  // over the same connections
    friend class pg_alert_desk;
    friend class pg_delivery_log;
    using loan = reader_pool::loan;

    /// A search about to be carried out: what an event `e` must be, beside its receipt.
    struct prepared {
        statement   ask{};  // $1, $2: receipt from and before
        std::string condition{};
        window_walk walk;
        steady_time end{};               // of patience
        bool        by_cluster = false;  // at once, by the index of clusters: there are few
        double      share      = 0;      // of its time that the last window took

        /// "FROM … WHERE …" of rows e: the events of a window.
        std::string rows() const;
        void        went() { walk.went(share); }
    };
    /// `need`: so many, the newest, are enough.
    task<result<prepared>> prepare(pg_connection& db, event_search what, std::size_t need);
    task<result<void>>     choose_way(
            pg_connection& db, const event_search& what, prepared& of, std::size_t need
        );
    task<result<utc_time>>    oldest_day(pg_connection& db);
    std::chrono::milliseconds left_of(const prepared& of) const;
    /// One window's rows; nothing: it took too long, and the walk has been told.
    task<result<std::optional<pg_rows>>> look(pg_connection& db, prepared& of, std::string sql);

    /// What suppressions hide that ask for more than roll-ups know, as three arrays and a fourth of
    /// counts, for unnest().
    struct hidden_cells {
        std::string days{"{}"}, clusters{"{}"}, rules{"{}"}, priorities{"{}"}, counts{"{}"};
        bool        exact = true;
        std::optional<utc_time> reached{};
    };
    task<result<hidden_cells>> find_hidden(pg_connection& db, event_search what);

    task<result<event_slice>>        walk_pages(pg_connection& db, page_search what);
    task<result<std::vector<facet>>> count_sample(pg_connection& db, facet_search what);
    task<result<facet>>              count_rolled(pg_connection& db, facet_search what);
    task<result<time_histogram>>     histogram_rolled(pg_connection& db, histogram_search what);
    task<result<time_histogram>>     histogram_read(pg_connection& db, histogram_search what);

    time_source& time_;
    options      opt_;
    reader_pool  pool_;
};

}  // namespace falconer::store

// Answers that go on: new events, and files of any length.
#pragma once

#include "event_view.hpp"
#include "falconer/net/http_message.hpp"
#include "falconer/turnstile.hpp"
#include "merged_queries.hpp"
#include "news_desk.hpp"
#include "sessions.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace falconer::console {

/// New events as server-sent events. Source:
/// https://html.spec.whatwg.org/multipage/server-sent-events.html
class tail_stream final : public net::http_stream {
public:
    struct options {
        filter::node_ptr      what{};
        readable_clusters     who{};
        wanted_fields         fields{};
        std::string           position{};
        news_desk::issue_ptr  first{};  // what came after it, where that is known already
        steady_time::duration look{std::chrono::milliseconds{400}};   // between two looks
        steady_time::duration still_there{std::chrono::seconds{15}};  // between two signs of life
    };
    tail_stream(
        time_source& time, news_desk& news, session_ptr whose, counted_place place, options opt
    );

    task<std::string> next() override;

private:
    std::string tell(const news_desk::issue& of);

    time_source&          time_;
    news_desk&            news_;
    session_ptr           whose_;
    counted_place         place_;
    options               opt_;
    std::unique_ptr<bell> clock_;
    steady_time           said_;
    bool                  over_ = false;
};

/// All events of a search as CSV or NDJSON, a page at a time: what one file holds in memory is a
/// page and what has been written of it, however slowly it is read.
class export_stream final : public net::http_stream {
public:
    enum class form { csv, ndjson };
    struct options {
        page_search                search{};
        wanted_fields              fields{};
        form                       as = form::ndjson;
        std::optional<std::size_t> most{};
    };
    /// `turns`: of all files together, each for one page.
    export_stream(
        time_source& time, event_queries& store, std::shared_ptr<turnstile> turns,
        session_ptr whose, options opt
    );

    /// Throws where the store fails for good: the connection then ends before its time.
    task<std::string> next() override;

private:
    static constexpr std::size_t most_asked = 500, least_asked = 8;
    static constexpr std::size_t page_bytes = 1024 * 1024;

    task<result<event_slice>> next_page();
    std::string               lines_of(const event_slice& page);

    time_source&               time_;
    event_queries&             store_;
    std::shared_ptr<turnstile> turns_;
    session_ptr                whose_;
    counted_place              place_;
    options                    opt_;
    std::size_t                told_  = 0;
    std::size_t                asked_ = most_asked;  // events at a time
    bool                       begun_ = false, over_ = false;
};

/// Whether somebody may see a cluster's events.
bool may_see(const readable_clusters& who, const cluster_name& what);

}  // namespace falconer::console

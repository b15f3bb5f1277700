#include "streams.hpp"

#include "falconer/log.hpp"

#include <stdexcept>

namespace falconer::console {

export_stream::export_stream(
    time_source& time, event_queries& store, std::shared_ptr<turnstile> turns, session_ptr whose,
    options opt
)
    : time_(time), store_(store), turns_(std::move(turns)), whose_(whose),
      place_(std::move(whose), &session::exports), opt_(std::move(opt)) {
    opt_.search.bytes = page_bytes;
}

/// Files take turns: whatever they cost the store and us, somebody's question finds a way between.
task<result<event_slice>> export_stream::next_page() {
    co_await turns_->enter();
    const place_in mine(*turns_);
    auto           search = opt_.search;
    auto           page   = co_await store_.page(std::move(search));
    co_return page;
}

task<std::string> export_stream::next() {
    if (whose_->over || whose_->ends <= time_.utc())
        throw std::runtime_error("signed out");  // and not: that was all
    if (over_) co_return "";
    std::string text;
    if (!std::exchange(begun_, true) && opt_.as == form::csv) text = csv_head(opt_.fields);
    while (text.empty() || told_ == 0) {
        opt_.search.limit = opt_.most ? std::min(asked_, *opt_.most - told_) : asked_;
        if (opt_.search.limit == 0) {
            over_ = true;
            break;
        }
        auto page = co_await next_page();
        if (!page) {
            log_of("console").warn(
                "a file ends before its time reason=\"{}\"", page.error().detail
            );
            throw std::runtime_error("the store failed");
        }
        const auto before  = text.size();
        text              += lines_of(*page);
        told_             += page->events.size();
        // Of large events the store gives a few at a time; it need not look at many for that.
        asked_ = text.size() - before > page_bytes / 2 ? std::max(page->events.size(), least_asked)
                                                       : std::min(2 * asked_, most_asked);
        over_  = page->end;
        opt_.search.before = behind(*page);
        if (over_) break;
        if (!page->events.empty()) break;
    }
    co_return text;
}

std::string export_stream::lines_of(const event_slice& page) {
    std::string text;
    for (const auto& each : page.events)
        text +=
            opt_.as == form::csv ? csv_line(each, opt_.fields) : sidekick_json(each, true) + "\n";
    return text;
}

}  // namespace falconer::console

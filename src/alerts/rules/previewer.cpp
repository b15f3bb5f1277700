#include "previewer.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;

/// Thresholds that fall short again are noticed within so long.
constexpr auto step = std::chrono::seconds{30};

/// An engine whose clock is moved, and what it has told meanwhile.
class simulation {
public:
    simulation(alert_rule rule, const time_zone& zone, utc_time since) : now_(since) {
        rule.enabled   = true;
        rule.receivers = {"preview"};
        rule.inhibited_by.clear();
        std::vector<alert_rule> rules;
        rules.push_back(std::move(rule));
        engine_.put(std::move(rules), since, [&](const std::string&) { return &zone; });
    }

    void run_until(utc_time end) {
        while (now_ < end) {
            // While nothing is kept, nothing can end or fall due.
            const bool idle = engine_.book().size() == 0 && engine_.next_due() == utc_time::max();
            const auto next = std::min<utc_time>(now_ + step, engine_.next_due());
            now_            = idle ? end : std::min(end, std::max(next, now_ + 1s));
            round();
        }
    }
    void take(const found_event& event, std::int32_t number) {
        // Of one cell each: the index is not what is tried here.
        engine_.take({number, number, event.level}, event, now_);
        ++found_.events;
        round();
    }
    alert_preview result() {
        std::ranges::reverse(found_.tellings);
        found_.alerts = begun_.size();
        return std::move(found_);
    }

private:
    void round() {
        engine_.advance(now_);
        for (const auto& each : engine_.tell(now_)) {
            ++found_.told;
            for (const auto& alert : each.alerts) begun_.emplace(alert.id, alert.started);
            const auto of = static_cast<std::uint64_t>(each.alerts.size()) + each.left_out;
            found_.tellings.push_back({each.made, each.title, of, each.resolved, each.repeated});
            if (found_.tellings.size() > most_previewed)
                found_.tellings.erase(found_.tellings.begin());
        }
        (void)engine_.rows();  // nobody keeps them
    }

    engine                              engine_;
    utc_time                            now_;
    alert_preview                       found_;
    std::set<std::pair<uuid, utc_time>> begun_;
};

}  // namespace

alert_preview simulated(
    alert_rule rule, const std::vector<found_event>& events, const time_zone& zone, utc_time since,
    utc_time now
) {
    simulation   world(std::move(rule), zone, since);
    std::int32_t number = 0;
    for (const auto& each : events) {
        world.run_until(std::min(each.at.received, now));
        world.take(each, ++number);
    }
    world.run_until(now);
    return world.result();
}

previewer::previewer(
    asio::any_io_executor loop, time_source& time, event_queries& store, options opt
)
    : time_(time), store_(store), opt_(std::move(opt)), one_at_a_time_(std::move(loop), 1) {}

task<result<alert_preview>> previewer::preview(
    alert_rule rule, readable_clusters who, utc_time since
) {
    const auto now = time_.utc();
    if (!rule.is_of_events())
        co_return failure{errc::malformed, "a rule of clusters' health cannot be tried"};
    auto  parsed = filter::parse(rule.what, now);
    auto* what   = std::get_if<filter::node_ptr>(&parsed);
    if (what == nullptr) co_return failure{errc::malformed, "the rule's filter"};
    auto zone = time_zone::load(rule.times.zone, opt_.zones);
    if (!zone) co_return failure{errc::malformed, zone.error().detail};
    co_await one_at_a_time_.enter();
    const place_in turn(one_at_a_time_);

    std::vector<found_event>      events;
    std::optional<event_position> before;
    auto                          reached = since;
    bool                          exact   = true;
    for (std::size_t bytes = 0;;) {
        page_search ask;
        ask.search.what       = *what;
        ask.search.who        = who;
        ask.search.when.since = since;
        ask.search.when.until = now;
        ask.before            = before;
        ask.limit             = 500;
        ask.whole_output      = false;
        auto page             = co_await store_.page(std::move(ask));
        if (!page) co_return std::move(page).error().while_doing("trying a rule");
        if (!page->events.empty()) before = page->events.back().at;
        for (auto& each : page->events) {
            bytes += each.output_fields.size() + each.extra.size();
            if (each.has(event_flag::test) && !rule.tests_too) continue;
            events.push_back(std::move(each));
        }
        if (page->end) break;
        // A page that took too long ends before its end; what is older is not known.
        const bool enough = events.size() >= opt_.events || bytes >= opt_.bytes;
        if (enough || page->events.empty()) {
            exact   = false;
            reached = std::max(since, page->reached);
            break;
        }
    }
    std::ranges::reverse(events);
    auto found  = simulated(std::move(rule), events, *zone, reached, now);
    found.since = reached;
    found.exact = exact;
    co_return found;
}

}  // namespace falconer::alerts

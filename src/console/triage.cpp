// Assessments: who may see a search's events as they stand, who marks them, and what was done.
#include "access/garden_access.hpp"
#include "handler.hpp"
#include "search_parameters.hpp"
#include "suppression_filter.hpp"
#include "triage_view.hpp"

#include "falconer/log.hpp"
#include "falconer/spelling.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

/// Whoever watches live sees what others have suppressed, or no longer do, after as long at most.
constexpr auto suppressions_last = 2min;

constexpr std::size_t most_at_once = 10'000;  // events of one action

problem no_triage() {
    return not_found("this console does not keep what people think of events");
}

/// `hidden`, `state` (several) and `assignee`.
std::variant<triage_view, problem> view_of(const address& where, utc_time now) {
    using enum triage_view::hidden_events;
    triage_view view{.now = now};
    const auto  hidden = where.text("hidden");
    if (hidden == "without")
        view.hidden = without;
    else if (hidden == "only")
        view.hidden = only;
    else if (!hidden.empty() && hidden != "with")
        return wrong_parameter("hidden", "expected with, without or only");
    for (const auto& [name, text] : where.parameters) {
        if (name != "state" || text.empty()) continue;
        const auto state = triage_state_of(text);
        if (!state) return wrong_parameter("state", "there is no state '" + text + "'");
        view.states |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(*state));
    }
    if (const auto who = where.text("assignee"); !who.empty()) view.assignee = who;
    return view;
}

/// The last part of a path but so many.
std::string part_before(std::string_view path, int last) {
    for (; last > 0; --last) path = path.substr(0, path.rfind('/'));
    return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace

problem handler::not_theirs_to_triage() {
    return {403, "forbidden", "Not yours to do", "You may read events, but not assess them."};
}

problem handler::problem_of_triage(const failure& why) {
    if (why.code == make_error_code(errc::conflict))
        return {
            409, "assessed-meanwhile", "Somebody else was here",
            why.detail + ". Look at it again; nothing was done."
        };
    return problem_of(why);
}

task<result<readable_clusters>> handler::changeable(session_ptr who) {
    const readable_clusters nobodys;
    if (who->garden == nullptr) co_return who->who.may_triage ? who->who.sees : nobodys;
    secret token  = who->token;
    auto   rights = co_await who->garden->of(std::move(token), garden_access::right::change);
    if (!rights) co_return std::move(rights).error();
    if (rights->who.name != who->who.name) co_return nobodys;  // somebody else's token by now
    co_return std::move(rights->sees);
}

task<std::variant<event_search, problem>> handler::searched(address where, readable_clusters who) {
    const auto now  = time_.utc();
    auto       read = search_of(where, who, now);
    if (std::holds_alternative<problem>(read)) co_return read;
    auto view = view_of(where, now);
    if (auto* wrong = std::get_if<problem>(&view)) co_return std::move(*wrong);
    auto& search        = std::get<event_search>(read);
    search.triage       = std::move(std::get<triage_view>(view));
    search.triage.until = now + suppressions_last;
    if (search.triage.is_everything()) co_return read;
    if (triage_ == nullptr) co_return no_triage();
    if (search.triage.hidden == triage_view::hidden_events::with) co_return read;
    auto all = co_await triage_->suppressions(now);
    if (!all) co_return problem_of(all.error());
    auto holding               = any_of(*all, who, now);
    search.triage.suppressions = std::move(holding.any);
    search.triage.until = std::min(search.triage.until, holding.until.value_or(utc_time::max()));
    co_return read;
}

task<std::variant<bounded_search, problem>> handler::bounded(
    const question& q, std::string_view name, std::size_t otherwise, std::size_t most
) {
    auto search = co_await searched(q.where, q.who->who.sees);
    if (auto* wrong = std::get_if<problem>(&search)) co_return std::move(*wrong);
    auto number = number_of(q.where, name, otherwise, 1, most);
    if (auto* wrong = std::get_if<problem>(&number)) co_return std::move(*wrong);
    co_return bounded_search{
        .search = std::move(std::get<event_search>(search)), .most = std::get<std::size_t>(number)
    };
}

task<result<assessments>> handler::standing_of(std::vector<event_position> all) {
    assessments none;
    if (triage_ == nullptr || all.empty()) co_return none;
    co_return co_await triage_->standing(std::move(all));
}

/// The events that are asked for, if they are the asker's to see.
task<std::optional<problem>> handler::find_asked(
    assess_order& order, std::optional<address> filter, readable_clusters who, found_places& found
) {
    if (!filter) {
        std::vector<event_position> keys;
        for (const auto& each : order.events) keys.push_back(each.at);
        auto seen = co_await triage_->visible(std::move(keys), std::move(who));
        if (!seen) co_return problem_of(seen.error());
        std::ranges::sort(*seen);
        std::erase_if(order.events, [&](const auto& each) {
            return !std::ranges::binary_search(*seen, each.at);
        });
        if (order.events.empty())
            co_return not_found("none of these events is there for you to see");
        co_return std::nullopt;
    }
    auto search = co_await searched(std::move(*filter), std::move(who));
    if (auto* wrong = std::get_if<problem>(&search)) co_return std::move(*wrong);
    auto what     = std::move(std::get<event_search>(search));
    what.patience = 20s;
    auto places   = co_await triage_->places(std::move(what), most_at_once);
    if (!places) co_return problem_of(places.error());
    found = std::move(*places);
    for (const auto& each : found.places) order.events.push_back({.at = each});
    co_return std::nullopt;
}

handler::reply handler::assess(question q) {
    if (triage_ == nullptr) co_return answer_of(no_triage());
    auto mine = co_await changeable(q.who);
    if (!mine) co_return refusal_of_garden(mine.error());
    if (is_nobodys(*mine)) co_return answer_of(not_theirs_to_triage());
    auto read = assess_request_of(q.request.body, q.who->who.name, time_.utc());
    if (const auto* wrong = std::get_if<problem>(&read)) co_return answer_of(*wrong);
    auto         request = std::move(std::get<assess_request>(read));
    found_places found;
    auto         filter = std::move(request.filter);
    auto wrong = co_await find_asked(request.order, std::move(filter), *std::move(mine), found);
    if (wrong) co_return answer_of(*wrong);
    const auto     id = request.order.id;
    triage_outcome done;
    if (!request.order.events.empty()) {
        auto made = co_await triage_->assess(std::move(request.order));
        if (!made) co_return answer_of(problem_of_triage(made.error()));
        done = *made;
    }
    log_of("console").info(
        "events were assessed events={} action={} by=\"{}\"", done.events, id.text(),
        in_one_line(q.who->who.name)
    );
    json_text_writer json;
    json->StartObject();
    json.key("action").text(id.text());
    json.key("events")->Uint64(done.events);
    json.key("more")->Bool(found.more);
    json.key("complete")->Bool(found.complete);
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::undo(question q) {
    if (triage_ == nullptr) co_return answer_of(no_triage());
    auto mine = co_await changeable(q.who);
    if (!mine) co_return refusal_of_garden(mine.error());
    if (is_nobodys(*mine)) co_return answer_of(not_theirs_to_triage());
    const auto of   = uuid::parse(part_before(q.where.path, 1));
    const auto read = parse_json(q.request.body.empty() ? "{}" : q.request.body);
    if (!read) co_return answer_of(wrong_parameter("", "expected {\"reason\": …}"));
    auto reason = text_in(*read, "reason", 500);
    if (const auto* wrong = std::get_if<problem>(&reason)) co_return answer_of(*wrong);
    auto id = action_id_in(*read);
    if (const auto* wrong = std::get_if<problem>(&id)) co_return answer_of(*wrong);
    if (!of) co_return answer_of(not_found(q.where.path));
    action_search which{.who = *std::move(mine), .id = of};
    auto          known = co_await triage_->actions(std::move(which));
    if (!known) co_return answer_of(problem_of(known.error()));
    const bool theirs = !known->empty() && known->front().what != triage_action::kind::suppress &&
                        known->front().events > 0;
    if (!theirs)
        co_return answer_of(
            not_found("no action of that id is yours to undo: it must concern events "
                      "that you may see, all of them")
        );
    auto why  = std::get<std::optional<std::string>>(reason).value_or("");
    auto done = co_await triage_->undo(std::get<uuid>(id), *of, q.who->who.name, std::move(why));
    if (!done) co_return answer_of(problem_of_triage(done.error()));
    log_of("console").info(
        "an assessment was undone events={} action={} by=\"{}\"", done->events, of->text(),
        in_one_line(q.who->who.name)
    );
    json_text_writer json;
    json->StartObject();
    json.key("action").text(std::get<uuid>(id).text());
    json.key("events")->Uint64(done->events);
    json.key("passed")->Uint64(done->passed);
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::history(question q) {
    if (triage_ == nullptr) co_return answer_of(no_triage());
    auto found = co_await find_event(q);
    if (!found) co_return answer_of(problem_of(found.error()));
    auto all = co_await triage_->history(found->at);
    if (!all) co_return answer_of(problem_of(all.error()));
    json_text_writer json;
    json->StartObject();
    json.key("actions")->StartArray();
    for (const auto& each : *all) write_action(json, each, false);
    json->EndArray();
    json->EndObject();
    co_return json_answer(json.taken());
}

/// What was done about suppressions that are none of theirs: names of projects do not tell which of
/// two projects it was.
task<result<void>> handler::leave_out_others(
    std::vector<triage_action>& done, readable_clusters who
) {
    const bool any =
        std::ranges::any_of(done, [](const auto& each) { return each.suppression.has_value(); });
    if (who.everything || !any) co_return result<void>{};
    auto all = co_await triage_->suppressions(std::nullopt);
    if (!all) co_return std::move(all).error();
    std::erase_if(done, [&](const triage_action& each) {
        if (!each.suppression) return false;
        return std::ranges::none_of(*all, [&](const suppression& one) {
            return one.id == *each.suppression && concerns(one, who);
        });
    });
    co_return result<void>{};
}

handler::reply handler::actions(question q) {
    if (triage_ == nullptr) co_return answer_of(no_triage());
    const auto limit = number_of(q.where, "limit", 50, 1, 500);
    if (const auto* wrong = std::get_if<problem>(&limit)) co_return answer_of(*wrong);
    action_search what{.who = q.who->who.sees, .limit = std::get<std::size_t>(limit)};
    if (const auto cursor = q.where.find("cursor")) {
        const auto at = filter::parse_moment(*cursor, time_.utc());
        if (!at || at->relative || at->from.seconds > 9'000'000'000)
            co_return answer_of(wrong_parameter("cursor", "this is no cursor of ours"));
        what.before = utc_time{std::chrono::seconds{at->from.seconds}} +
                      std::chrono::nanoseconds{at->from.nanos};
    }
    if (const auto text = q.where.text("suppression"); !text.empty()) {
        what.suppression = uuid::parse(text);
        if (!what.suppression)
            co_return answer_of(wrong_parameter("suppression", "expected a UUID"));
    }
    auto all = co_await triage_->actions(std::move(what));
    if (!all) co_return answer_of(problem_of(all.error()));
    std::optional<std::string> next;
    if (all->size() >= std::get<std::size_t>(limit)) next = time_text(all->back().at);
    auto left = co_await leave_out_others(*all, q.who->who.sees);
    if (!left) co_return answer_of(problem_of(left.error()));
    json_text_writer json;
    json->StartObject();
    json.key("actions")->StartArray();
    for (const auto& each : *all) write_action(json, each, true);
    json->EndArray();
    json.key("next").text_or_null(next);
    json->EndObject();
    co_return json_answer(json.taken());
}

}  // namespace falconer::console

// Events, and what is counted of them.
#include "handler.hpp"
#include "search_parameters.hpp"
#include "streams.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::chrono::seconds, 14> steps{
    1s, 5s, 10s, 30s, 60s, 300s, 600s, 1800s, 3600s, 10'800s, 21'600s, 43'200s, 86'400s, 604'800s
};

/// The smallest with which there are no more than so many buckets.
std::chrono::seconds step_for(utc_time since, utc_time until, std::size_t buckets) {
    for (const auto step : steps)
        if ((until - since) / step < static_cast<std::int64_t>(buckets)) return step;
    return steps.back();
}

utc_time begin_of(utc_time t, std::chrono::seconds step) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch();
    return utc_time{seconds - seconds % step};
}

std::string_view kind_of(filter::field_kind which) {
    switch (which) {
        case filter::field_kind::priority: return "priority";
        case filter::field_kind::time:
        case filter::field_kind::received: return "time";
        case filter::field_kind::output_field: return "field";
        default: return "text";
    }
}

/// The path's part at `{}` of /api/v1/events/{}/raw and its like.
std::string part_of(const address& where, std::size_t which) {
    std::string_view path = where.path;
    for (; which > 0 && !path.empty(); --which)
        path.remove_prefix(std::min(path.find('/', 1), path.size()));
    path.remove_prefix(std::min<std::size_t>(path.size(), 1));
    return std::string(path.substr(0, path.find('/')));
}

}  // namespace

handler::reply handler::fields(question q) {
    auto names = co_await store_.field_names(q.who->who.sees);
    if (!names) co_return answer_of(problem_of(names.error()));
    json_text_writer json;
    json->StartObject();
    json.key("fields")->StartArray();
    for (const auto& each : filter::known_names()) {
        json->StartObject();
        json.key("name").text(each.name);
        json.key("kind").text(each.short_for.empty() ? kind_of(each.which) : "text");
        if (!each.short_for.empty()) json.key("short").text(each.short_for);
        json->EndObject();
    }
    for (const auto& each : *names) {
        json->StartObject();
        json.key("name").text(each);
        json.key("kind").text("field");
        json->EndObject();
    }
    json->EndArray();
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::events(question q) {
    auto asked = bounded_search_of(q.where, q.who->who.sees, time_.utc(), "limit", 50, 500);
    if (const auto* wrong = std::get_if<problem>(&asked)) co_return answer_of(*wrong);
    auto&       wanted = std::get<bounded_search>(asked);
    page_search ask;
    ask.search       = std::move(wanted.search);
    ask.limit        = wanted.most;
    ask.whole_output = false;
    if (const auto cursor = q.where.find("cursor")) {
        ask.before = event_position::parse(*cursor);
        if (!ask.before)
            co_return answer_of(wrong_parameter("cursor", "this is no cursor of ours"));
    }
    // Before the page is read, so that nothing falls between it and the tail.
    std::string tail;
    if (!ask.before) {
        auto now = co_await news_.now();
        if (!now) co_return answer_of(problem_of(now.error()));
        tail = std::move(*now);
    }
    const auto fields = fields_of(q.where.find("fields"));
    auto       page   = co_await store_.page(std::move(ask));
    if (!page) co_return answer_of(problem_of(page.error()));
    const bool       full = page->events.size() >= wanted.most;
    json_text_writer json;
    json->StartObject();
    json.key("events")->StartArray();
    for (const auto& each : page->events) write_summary(json, each, fields);
    json->EndArray();
    json.key("next");
    if (page->end)
        json->Null();
    else
        json.text(behind(*page).text());
    json.key("complete")->Bool(page->end || full);
    json.key("reached").text(time_text(page->reached));
    json.key("tail").text(tail);
    json->EndObject();
    co_return json_answer(json.taken());
}

task<result<found_event>> handler::find_event(const question& q) {
    const auto key  = part_of(q.where, 3);
    const auto at   = event_position::parse(key);
    const auto id   = at ? std::optional(at->id) : uuid::parse(key);
    const auto none = failure{errc::not_found, "no event that you may see has the key " + key};
    if (!id) co_return none;
    auto all = co_await store_.find(*id, at, q.who->who.sees);
    if (!all) co_return std::move(all).error();
    if (all->empty()) co_return none;
    co_return std::move(all->front());
}

handler::reply handler::event(question q) {
    auto found = co_await find_event(q);
    if (!found) co_return answer_of(problem_of(found.error()));
    auto how = exactness::values;
    if (found->has(event_flag::replaced_characters)) {
        auto bytes = co_await store_.raw(found->at);
        if (!bytes) co_return answer_of(problem_of(bytes.error()));
        if (*bytes) how = exactness::bytes;
    }
    json_text_writer json;
    write_whole(json, *found, how);
    co_return json_answer(json.taken());
}

handler::reply handler::raw_event(question q) {
    auto found = co_await find_event(q);
    if (!found) co_return answer_of(problem_of(found.error()));
    std::optional<std::string> bytes;
    if (found->has(event_flag::replaced_characters)) {
        auto kept = co_await store_.raw(found->at);
        if (!kept) co_return answer_of(problem_of(kept.error()));
        bytes = std::move(*kept);
    }
    auto answer = json_answer(bytes ? *bytes : sidekick_json(*found, false));
    answer.headers.add("Falconer-Exact", bytes ? "bytes" : "values");
    answer.headers.add(
        "Content-Disposition", "inline; filename=\"" + found->at.id.text() + ".json\""
    );
    co_return answer;
}

handler::reply handler::facets(question q) {
    auto asked = bounded_search_of(q.where, q.who->who.sees, time_.utc(), "limit", 10, 100);
    if (const auto* wrong = std::get_if<problem>(&asked)) co_return answer_of(*wrong);
    auto&        wanted = std::get<bounded_search>(asked);
    facet_search ask;
    ask.search = std::move(wanted.search);
    ask.limit  = wanted.most;
    ask.prefix = q.where.text("prefix");
    for (const auto& [name, text] : q.where.parameters)
        if (name == "field" && !text.empty()) ask.fields.push_back(text);
    if (ask.fields.empty()) ask.fields = {"rule", "priority", "cluster", "namespace"};
    constexpr std::size_t most = 12;
    if (ask.fields.size() > most)
        co_return answer_of(wrong_parameter("field", "at most 12 at a time"));
    for (const auto& each : ask.fields) {
        using enum filter::field_kind;
        const auto which = filter::field_of(each).which;
        if (which == time || which == received || which == uuid || which == flag)
            co_return answer_of(
                wrong_parameter("field", "'" + each + "' has no values to be counted")
            );
    }
    auto counted = co_await store_.facets(std::move(ask));
    if (!counted) co_return answer_of(problem_of(counted.error()));
    json_text_writer json;
    json->StartObject();
    json.key("facets")->StartArray();
    for (const auto& each : *counted) {
        json->StartObject();
        json.key("field").text(each.field);
        json.key("values")->StartArray();
        for (const auto& [value, count] : each.values) {
            json->StartObject();
            json.key("value").text(value);
            json.key("count")->Uint64(count);
            const auto shoot =
                each.field == "cluster" ? cluster_identity{value}.shoot() : std::nullopt;
            if (shoot) json.key("title").text(shoot->project + "/" + shoot->name);
            json->EndObject();
        }
        json->EndArray();
        json.key("more")->Bool(each.more);
        json.key("exact")->Bool(each.exact);
        json->EndObject();
    }
    json->EndArray();
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::histogram(question q) {
    auto asked = bounded_search_of(q.where, q.who->who.sees, time_.utc(), "buckets", 60, 500);
    if (const auto* wrong = std::get_if<problem>(&asked)) co_return answer_of(*wrong);
    auto&            wanted = std::get<bounded_search>(asked);
    histogram_search ask;
    ask.search = std::move(wanted.search);
    auto& when = ask.search.when;
    if (!when.until) when.until = time_.utc();
    if (!when.since) {
        auto oldest = co_await store_.oldest();
        if (!oldest) co_return answer_of(problem_of(oldest.error()));
        when.since = *oldest;
    }
    ask.step         = step_for(*when.since, *when.until, wanted.most);
    const auto since = begin_of(*when.since, ask.step), until = *when.until;
    const auto step = ask.step;
    auto       made = co_await store_.histogram(std::move(ask));
    if (!made) co_return answer_of(problem_of(made.error()));
    std::uint64_t    total = 0;
    json_text_writer json;
    json->StartObject();
    json.key("since").text(time_text(since));
    json.key("until").text(time_text(until));
    json.key("step")->Int64(step.count());
    json.key("buckets")->StartArray();
    for (const auto& [begin, bucket] : made->buckets) {
        std::uint64_t count = 0;
        for (const auto each : bucket.by_priority) count += each;
        total += count;
        json->StartObject();
        json.key("at").text(time_text(utc_time{std::chrono::seconds{begin}}));
        json.key("count")->Uint64(count);
        json.key("priorities")->StartObject();
        for (std::size_t level = 0; level < bucket.by_priority.size(); ++level)
            if (bucket.by_priority[level] > 0)
                json.key(name_of(static_cast<priority>(level)))->Uint64(bucket.by_priority[level]);
        json->EndObject();
        json->EndObject();
    }
    json->EndArray();
    json.key("total")->Uint64(total);
    json.key("exact")->Bool(made->exact);
    if (made->reached) json.key("reached").text(time_text(*made->reached));
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::tail(question q) {
    auto search = search_of(q.where, q.who->who.sees, time_.utc());
    if (const auto* wrong = std::get_if<problem>(&search)) co_return answer_of(*wrong);
    if (q.who->tails >= opt_.tails)
        co_return answer_of(
            {.status      = 429,
             .kind        = "too-many",
             .title       = "Too many live views at once",
             .detail      = "Close another one.",
             .retry_after = 5}
        );
    // From here on: whoever asks for many at once has them all waiting for the store's answer.
    counted_place        place(q.who, &session::tails);
    tail_stream::options opt;
    opt.what        = std::get<event_search>(search).what;
    opt.who         = q.who->who.sees;
    opt.fields      = fields_of(q.where.find("fields"));
    const auto last = q.request.headers.find("Last-Event-ID");
    opt.position    = last ? std::string(*last) : q.where.text("from");
    if (opt.position.empty()) {
        auto now = co_await news_.now();
        if (!now) co_return answer_of(problem_of(now.error()));
        opt.position = std::move(*now);
    } else {
        auto known = co_await news_.after(opt.position);
        if (!known) co_return answer_of(problem_of(known.error()));
        opt.first = std::move(*known);
    }
    net::http_response answer;
    answer.headers.add("Content-Type", "text/event-stream");
    answer.headers.add("X-Accel-Buffering", "no");  // for nginx, which would collect it
    answer.body = "retry: 2000\n\n";
    answer.stream =
        std::make_shared<tail_stream>(time_, news_, q.who, std::move(place), std::move(opt));
    co_return answer;
}

handler::reply handler::file(question q) {
    auto search = search_of(q.where, q.who->who.sees, time_.utc());
    if (const auto* wrong = std::get_if<problem>(&search)) co_return answer_of(*wrong);
    const auto format = q.where.text("format");
    if (format != "csv" && format != "ndjson")
        co_return answer_of(wrong_parameter("format", "expected csv or ndjson"));
    export_stream::options opt;
    if (q.where.find("limit")) {
        const auto limit = number_of(q.where, "limit", 1, 1, SIZE_MAX);
        if (const auto* wrong = std::get_if<problem>(&limit)) co_return answer_of(*wrong);
        opt.most = std::get<std::size_t>(limit);
    }
    const auto files = static_cast<std::size_t>(turns_.use_count() - 1);
    if (q.who->exports >= opt_.exports || files >= opt_.files)
        co_return answer_of(
            {.status      = 429,
             .kind        = "too-many",
             .title       = "Too many files at once",
             .detail      = q.who->exports >= opt_.exports
                                ? "Let another one end first."
                                : "So many are being written for others; try again soon.",
             .retry_after = 10}
        );
    opt.search.search          = std::move(std::get<event_search>(search));
    opt.search.search.patience = 20s;
    opt.fields                 = fields_of(q.where.find("fields"));
    opt.as = format == "csv" ? export_stream::form::csv : export_stream::form::ndjson;
    net::http_response answer;
    answer.headers.add(
        "Content-Type", format == "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson"
    );
    answer.headers.add(
        "Content-Disposition", "attachment; filename=\"falconer-events." + format + "\""
    );
    answer.stream = std::make_shared<export_stream>(time_, store_, turns_, q.who, std::move(opt));
    co_return answer;
}

}  // namespace falconer::console

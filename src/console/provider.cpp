// The read API of Gardener's falco-event-provider: same paths, parameters, answers and errors.
// Source: gardener/falco-event-provider d492b36
#include "access/garden_access.hpp"
#include "event_view.hpp"
#include "handler.hpp"
#include "provider_filter.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t page_size = 1000;
constexpr auto        patience  = 20s;

/// Errors are plain text there.
net::http_response plain(unsigned status, std::string_view text) {
    net::http_response answer{.status = status};
    answer.headers.add("Content-Type", "text/plain; charset=utf-8");
    answer.body = std::string(text) + "\n";
    return answer;
}
net::http_response nowhere() {
    return plain(404, "404 page not found");
}
net::http_response no_token() {
    return plain(401, "valid token required");
}
net::http_response too_many() {
    return plain(429, "too Many Requests");
}

net::http_response rows_answer(std::string body) {
    return json_answer(std::move(body) + "\n");
}

/// "/api/events/v1alpha1/live/shop/cart": what, and its places.
struct provider_place {
    std::string what{}, landscape{}, project{}, cluster{};
};
std::optional<provider_place> place_of(std::string_view path) {
    std::array<std::string, 6> parts{};
    std::size_t                count = 0;
    while (!path.empty()) {
        if (path.front() != '/' || count == parts.size()) return std::nullopt;
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        if (end == 0) return std::nullopt;
        parts.at(count++) = path.substr(0, end);
        path.remove_prefix(end);
    }
    if (count < 4 || parts[0] != "api" || parts[2] != "v1alpha1") return std::nullopt;
    provider_place it{parts[1], parts[3], parts[4], parts[5]};
    if (it.what == "count") return count == 4 ? std::optional(it) : std::nullopt;
    if ((it.what != "events" && it.what != "group") || count < 5) return std::nullopt;
    return it;
}

filter::node_ptr clusters_of(const provider_place& where) {
    filter::all_of all;
    const auto     ask = [&](filter::field_kind which, const std::string& name) {
        if (name.empty()) return;
        all.of.push_back(std::make_shared<const filter::node>(filter::node{filter::text_test{
                {which, {}}, {filter::text_pattern::kind::equal, filter::lowered(name)}
        }}));
    };
    ask(filter::field_kind::landscape, where.landscape);
    ask(filter::field_kind::project, where.project);
    ask(filter::field_kind::shoot, where.cluster);
    return std::make_shared<const filter::node>(filter::node{std::move(all)});
}

void write_event(json_text_writer& json, const provider_event& is) {
    const auto& event = is.event;
    json->StartObject();
    json.key("id")->Int64(is.number);
    json.key("landscape").text(event.cluster.landscape.value_or(""));
    json.key("project").text(event.cluster.project.value_or(""));
    json.key("cluster").text(event.cluster.name.value_or(""));
    json.key("uuid").text(event.at.id.text());
    json.key("hostname").text(event.hostname.value_or(""));
    json.key("time").text(provider_time(
        utc_time{std::chrono::seconds{event.time.seconds}} +
        std::chrono::nanoseconds{event.time.nanos}
    ));
    json.key("rule").text(event.rule);
    json.key("priority").text(name_of(event.level));
    json.key("tags");
    if (event.tags.empty())
        json->Null();
    else
        json.text(event.tags);
    json.key("source").text(event.source.value_or(""));
    json.key("message").text(event.output.value_or(""));
    json.key("output_fields")
        ->RawValue(event.output_fields.data(), event.output_fields.size(), rapidjson::kObjectType);
    json->EndObject();
}

utc_time time_of(const provider_event& is) {
    return std::chrono::floor<std::chrono::microseconds>(
        utc_time{std::chrono::seconds{is.event.time.seconds}} +
        std::chrono::nanoseconds{is.event.time.nanos}
    );
}

/// A page; and where there are more, the filter that asks for the next one.
std::string events_json(const provider_filter& asked, const provider_page& page) {
    const auto&      all  = page.events;
    const auto       told = std::min(all.size(), page_size);
    json_text_writer json;
    json->StartObject();
    // Nothing is left to ask for: 0 would ask for everything.
    const bool wanted = asked.limit > static_cast<std::int64_t>(told);
    if (wanted && (all.size() > told || page.cut) && !all.empty()) {
        // The next one; or, where only the last one told is known, whatever stands behind it.
        const bool  known = all.size() > told;
        const auto& next  = known ? all[told] : all.back();
        const auto  id    = known ? next.number : next.number + (asked.oldest_first() ? 1 : -1);
        const auto  text  = continued(asked, id, time_of(next), told);
        json.key("continueFilter")->RawValue(text.data(), text.size(), rapidjson::kObjectType);
    }
    json.key("response")->StartArray();
    for (std::size_t i = 0; i < told; ++i) write_event(json, all[i]);
    json->EndArray();
    json->EndObject();
    return json.taken();
}

void write_some(
    json_text_writer& json, std::string_view name, const std::optional<std::string>& is
) {
    if (is) json.key(name).text(*is);
}

std::string groups_json(const provider_place& where, const provider_groups& found) {
    json_text_writer json;
    json->StartObject();
    json.key("response");
    if (found.groups.empty()) {
        json->Null();
    } else {
        json->StartArray();
        for (const auto& each : found.groups) {
            const auto& [cluster, rule, type, name, line, container] = each.of;
            json->StartObject();
            json.key("landscape").text(where.landscape);
            json.key("project").text(where.project);
            json.key("cluster").text(cluster);
            json.key("count")->Uint64(each.count);
            json.key("rule").text(rule);
            json.key("ids")->StartArray();
            for (const auto number : each.numbers) json.text(std::to_string(number));
            json->EndArray();
            write_some(json, "evttype", type);
            write_some(json, "procname", name);
            write_some(json, "proccmdline", line);
            write_some(json, "containername", container);
            json->EndObject();
        }
        json->EndArray();
    }
    json->EndObject();
    return json.taken();
}

std::string counts_json(const std::string& landscape, const std::vector<provider_count>& all) {
    json_text_writer json;
    json->StartObject();
    json.key("response")->StartArray();
    for (const auto& each : all) {
        json->StartObject();
        json.key("landscape").text(landscape);
        json.key("project").text(each.project);
        json.key("cluster").text(each.cluster);
        json.key("priority").text(name_of(each.level));
        json.key("count")->Uint64(each.count);
        json->EndObject();
    }
    json->EndArray();
    json->EndObject();
    return json.taken();
}

bool may_read(const readable_clusters& who, const provider_place& where) {
    if (who.everything) return true;
    return !where.project.empty() &&
           std::ranges::find(who.projects, where.project) != who.projects.end();
}

}  // namespace

bool handler::is_of_provider(std::string_view path) {
    return path.starts_with("/api/events/") || path.starts_with("/api/count/") ||
           path.starts_with("/api/group/");
}

/// Who may not read a project is told what somebody is told who shows no token: so it is there.
task<net::http_response> handler::provider(net::http_request request, address where) {
    const auto place = place_of(where.path);
    if (!place || provider_ == nullptr) co_return nowhere();
    if (garden_ != nullptr && !garden_->landscape().empty() &&
        garden_->landscape() != place->landscape)
        co_return nowhere();
    if (request.method != "GET") co_return net::http_response{.status = 405};
    question q{.where = std::move(where)};
    q.token      = cookie(request, "falconer-session").value_or("");
    q.request    = std::move(request);
    auto refused = co_await enter(q);
    if (refused && refused->status == 401) co_return no_token();
    if (refused && refused->status == 429) co_return too_many();
    if (refused) co_return plain(503, "garden not available");
    if (too_much_of(q) || q.who->questions >= opt_.questions) co_return too_many();
    if (!may_read(q.who->who.sees, *place)) co_return no_token();
    if (garden_ != nullptr && !place->project.empty() && !garden_->knows(place->project))
        co_return no_token();
    const counted_place held(q.who, &session::questions);
    const auto          begun = time_.now();
    net::http_response  made;
    if (place->what == "events")
        made = co_await pull_events(q);
    else if (place->what == "group")
        made = co_await pull_groups(q);
    else
        made = co_await pull_counts(q);
    limits_.spent(q.who->who.name, time_.now() - begun);
    note(*q.who, "GET " + q.request.target, made.status);
    co_return made;
}

task<net::http_response> handler::pull_events(const question& q) {
    const auto place = place_of(q.where.path);
    const auto asked = provider_filter_of(q.where.text("filter"), time_.utc());
    if (!asked) co_return plain(400, "error parsing filter");
    event_search search{.who = q.who->who.sees};
    search.what     = clusters_of(*place);
    search.patience = patience;
    auto what       = search_of(*asked, std::move(search), page_size);
    auto page       = co_await provider_->provider_events(std::move(what));
    if (!page) co_return plain(500, "error pulling events");
    co_return rows_answer(events_json(*asked, *page));
}

task<net::http_response> handler::pull_groups(const question& q) {
    const auto   place = place_of(q.where.path);
    event_search search{.who = q.who->who.sees};
    search.what     = clusters_of(*place);
    search.patience = patience;
    auto found      = co_await provider_->provider_groups_of(std::move(search));
    if (!found) co_return plain(500, "error pulling events");
    auto answer = rows_answer(groups_json(*place, *found));
    if (!found->complete) answer.headers.add("Falconer-Complete", "false");
    co_return answer;
}

task<net::http_response> handler::pull_counts(const question& q) {
    const auto  place     = place_of(q.where.path);
    std::string landscape = place->landscape;
    auto        all       = co_await provider_->provider_counts(std::move(landscape));
    if (!all) co_return plain(500, "error pulling events");
    co_return rows_answer(counts_json(place->landscape, *all));
}

}  // namespace falconer::console

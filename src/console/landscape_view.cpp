#include "landscape_view.hpp"

#include "event_view.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace falconer::console {
namespace {

using hidden_events = triage_view::hidden_events;

/// Of a map, the largest first; of equals by name. `most`: no more than so many.
template <class Map>
std::vector<const typename Map::value_type*> largest(
    const Map& all, hidden_events view, std::size_t most
) {
    std::vector<const typename Map::value_type*> sorted;
    for (const auto& each : all) sorted.push_back(&each);
    std::ranges::stable_sort(sorted, std::greater{}, [&](const auto* each) {
        return each->second.count.wanted(view);
    });
    sorted.resize(std::min(sorted.size(), most));
    return sorted;
}

void write_count(json_text_writer& json, const landscape_count& is, hidden_events view) {
    json.key("count")->Uint64(is.wanted(view));
    json.key("hidden")->Uint64(is.hidden);
}

void write_days(json_text_writer& json, const landscape_counts& all, const landscape_span& of) {
    json.key("trend")->StartArray();
    for (auto day = of.since; day < of.until; day += std::chrono::days(1)) {
        const auto    found = all.days.find(day);
        std::uint64_t sum   = 0;
        json->StartObject();
        json.key("day").text(day_text(day));
        json.key("priorities")->StartObject();
        if (found != all.days.end())
            for (std::size_t level = 0; level < found->second.size(); ++level) {
                const auto count  = found->second.at(level).wanted(of.view);
                sum              += count;
                if (count > 0) json.key(name_of(static_cast<priority>(level)))->Uint64(count);
            }
        json->EndObject();
        json.key("count")->Uint64(sum);
        json->EndObject();
    }
    json->EndArray();
}

/// A rule is new if it came in these days and not before, where there is a before.
void write_rules(json_text_writer& json, const landscape_counts& all, const landscape_span& of) {
    const bool tells = all.oldest && *all.oldest < of.since && all.days_missing == 0;
    json.key("rules")->StartArray();
    for (const auto* each : largest(all.rules, of.view, 200)) {
        const auto& [name, rule] = *each;
        json->StartObject();
        json.key("rule").text(name);
        json.key("priority").text(name_of(rule.level));
        write_count(json, rule.count, of.view);
        json.key("first").text(day_text(rule.first));
        json.key("new")->Bool(tells && rule.first >= of.since);
        json->EndObject();
    }
    json->EndArray();
    json.key("newRulesKnown")->Bool(tells);
}

void write_clusters(json_text_writer& json, const landscape_counts& all, const landscape_span& of) {
    json.key("noisiest")->StartArray();
    for (const auto* each : largest(all.clusters, of.view, of.clusters)) {
        const auto& cluster = each->second;
        json->StartObject();
        json.key("cluster");
        write_cluster(json, cluster.name);
        write_count(json, cluster.count, of.view);
        json.key("rules")->StartArray();
        for (const auto& [rule, count] : cluster.by_rule) {
            if (count.wanted(of.view) == 0) continue;
            json->StartObject();
            json.key("rule").text(rule);
            json.key("count")->Uint64(count.wanted(of.view));
            json->EndObject();
        }
        json->EndArray();
        json->EndObject();
    }
    json->EndArray();
}

void write_projects(json_text_writer& json, const landscape_counts& all, hidden_events view) {
    json.key("projects")->StartArray();
    for (const auto* each : largest(all.projects, view, 500)) {
        json->StartObject();
        json.key("project");
        if (each->first.empty())
            json->Null();
        else
            json.text(each->first);
        json.key("clusters")->Uint64(each->second.clusters);
        write_count(json, each->second.count, view);
        json->EndObject();
    }
    json->EndArray();
}

}  // namespace

std::string day_text(std::chrono::sys_days day) {
    return time_text(utc_time{day}).substr(0, 10);
}

std::string landscape_json(const landscape_counts& all, const landscape_span& of) {
    json_text_writer json;
    json->StartObject();
    json.key("since").text(day_text(of.since));
    json.key("until").text(day_text(of.until));
    json.key("counted");
    if (all.counted)
        json.text(time_text(*all.counted));
    else
        json->Null();
    json.key("daysMissing")->Uint64(all.days_missing);
    json.key("hiddenExact")->Bool(all.hidden_exact);
    if (all.reached) json.key("hiddenSince").text(time_text(*all.reached));
    write_count(json, all.total, of.view);
    json.key("clusters")->Uint64(all.clusters_with_events);
    write_days(json, all, of);
    write_rules(json, all, of);
    write_clusters(json, all, of);
    write_projects(json, all, of.view);
    json->EndObject();
    return json.taken();
}

}  // namespace falconer::console

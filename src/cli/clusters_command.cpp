// falconer clusters: how each of them is seen, and how that has changed.
#include "commands.hpp"

#include "falconer/event.hpp"
#include "printable.hpp"
#include "store/sights.hpp"
#include "store_access.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>

namespace falconer::cli {
namespace {

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

/// Rounds of looking are a minute apart.
constexpr std::chrono::minutes stale{5};

struct clusters_options {
    store_choice             where{};
    std::vector<std::string> states{};
    std::string              cluster{};
    int                      limit = 50;
    bool                     json  = false;
};

std::string when(utc_time t) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(t)));
}

void put(json_writer& json, const char* key, std::string_view value) {
    json.Key(key);
    json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void put(json_writer& json, const sight& is) {
    put(json, "state", name_of(is.is()));
    put(json, "reason", name_of(is.why));
    put(json, "message", sentence_of(is.why));
    put(json, "since", when(is.since));
}

void print_json(const store::seen_cluster& each) {
    rapidjson::StringBuffer out;
    json_writer             json(out);
    json.StartObject();
    put(json, "cluster", each.identity);
    if (each.seen) put(json, *each.seen);
    if (each.last_event) put(json, "lastEvent", when(*each.last_event));
    json.EndObject();
    std::cout << out.GetString() << '\n';
}

void print_line(const store::seen_cluster& each) {
    std::string state(each.seen ? name_of(each.seen->is()) : std::string_view("-"));
    std::string reason(each.seen ? name_of(each.seen->why) : std::string_view("NotLookedAtYet"));
    state.resize(std::max<std::size_t>(state.size(), 8), ' ');
    reason.resize(std::max<std::size_t>(reason.size(), 16), ' ');
    const std::string never = "-                   ";
    std::cout << state << ' ' << reason << "  since "
              << (each.seen ? when(each.seen->since) : never) << "  last event "
              << (each.last_event ? when(*each.last_event) : never) << "  "
              << printable(each.identity, 300) << '\n';
}

task<result<void>> do_list(store::pg_connection& db, std::shared_ptr<clusters_options> opt) {
    auto all = co_await store::see_clusters(db);
    if (!all) co_return std::move(all).error();
    // What was true when somebody last looked need not be so now.
    if (!all->last_round)
        std::cerr << "note: nobody has looked at clusters yet; an ingestor does, once a minute\n";
    else if (all->now - *all->last_round > stale)
        std::cerr << "note: nobody has looked at clusters since " << when(*all->last_round)
                  << ": does an ingestor run, and does it reach the store?\n";
    if (all->outage)
        std::cerr << "note: " << all->outage->clusters
                  << " clusters have fallen silent at once, at " << when(all->outage->since)
                  << ": look at ingest and the way to it first\n";
    std::size_t shown = 0;
    for (const auto& each : all->clusters) {
        const std::string state(each.seen ? name_of(each.seen->is()) : std::string_view());
        if (!opt->states.empty() && std::ranges::count(opt->states, state) == 0) continue;
        ++shown;
        if (opt->json)
            print_json(each);
        else
            print_line(each);
    }
    if (!opt->json && shown == 0) std::cout << "no cluster is like this\n";
    co_return result<void>{};
}

task<result<void>> do_history(store::pg_connection& db, std::shared_ptr<clusters_options> opt) {
    auto all = co_await store::changes_of(db, opt->cluster, opt->limit);
    if (!all) co_return std::move(all).error();
    if (!opt->json && all->empty())
        std::cout << "nothing has changed of " << printable(opt->cluster, 300) << " in 90 days\n";
    for (const auto& each : *all) {
        if (opt->json) {
            rapidjson::StringBuffer out;
            json_writer             json(out);
            json.StartObject();
            put(json, "at", when(each.at));
            put(json, each.became);
            if (each.was) put(json, "was", name_of(*each.was));
            json.EndObject();
            std::cout << out.GetString() << '\n';
            continue;
        }
        std::cout << when(each.at) << "  " << name_of(each.became.is()) << ' '
                  << name_of(each.became.why) << " since " << when(each.became.since)
                  << (each.was ? ", was " : "") << (each.was ? name_of(*each.was) : "") << '\n';
    }
    co_return result<void>{};
}

}  // namespace

void add_clusters_command(CLI::App& root, int& exit_code) {
    auto* const clusters =
        root.add_subcommand("clusters", "How clusters are seen: healthy, late, silent or blind");
    clusters->require_subcommand(1);

    auto  listing = std::make_shared<clusters_options>();
    auto* list = clusters->add_subcommand("list", "All of them, those that want attention first");
    list->footer("Example:\n  falconer clusters list --state silent,blind --config falconer.yaml");
    add_store_options(*list, listing->where);
    list->add_option("--state", listing->states, "Only of these states")
        ->delimiter(',')
        ->check(CLI::IsMember({"healthy", "late", "silent", "blind"}));
    list->add_flag("--json", listing->json, "One JSON object a line");
    list->callback([listing, &exit_code] {
        exit_code = with_store(listing->where, store_user::reader, [listing](auto& db, auto&) {
            return do_list(db, listing);
        });
    });

    auto  of      = std::make_shared<clusters_options>();
    auto* history = clusters->add_subcommand("history", "How one cluster has been seen");
    history->footer(
        "Example:\n  falconer clusters history --cluster shoot--demo--a-… --config falconer.yaml"
    );
    add_store_options(*history, of->where);
    history->add_option("--cluster", of->cluster, "The cluster's identity")
        ->required()
        ->check(not_empty);
    history->add_option("--limit", of->limit, "So many changes, the newest first")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    history->add_flag("--json", of->json, "One JSON object a line");
    history->callback([of, &exit_code] {
        exit_code = with_store(of->where, store_user::reader, [of](auto& db, auto&) {
            return do_history(db, of);
        });
    });
}

}  // namespace falconer::cli

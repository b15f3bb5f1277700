// falconer quarantine: bodies that could not be stored as events.
#include "commands.hpp"

#include "app/put_back.hpp"
#include "decimal.hpp"
#include "falconer/event.hpp"
#include "falconer/rfc3339.hpp"
#include "printable.hpp"
#include "store/pg_event_store.hpp"
#include "store/quarantine.hpp"
#include "store_access.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <iostream>
#include <memory>
#include <utility>

namespace falconer::cli {
namespace {

struct quarantine_options {
    store_choice              where{};
    std::string               cluster{};
    std::string               since{};
    int                       limit = 100;
    bool                      json = false, replayed = false, body_only = false, all = false;
    std::vector<std::int64_t> ids{};

    std::optional<utc_time> since_time{};
};

std::string when(utc_time t) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(t)));
}

void print_json(const store::kept_body& each) {
    rapidjson::StringBuffer                    out;
    rapidjson::Writer<rapidjson::StringBuffer> json(out);
    const auto text = [&](const char* key, const std::string& value) {
        json.Key(key);
        json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    json.StartObject();
    json.Key("id");
    json.Int64(each.id);
    text("received", text_of(event_time_of(each.received)));
    text("cluster", each.cluster);
    text("about", each.about);
    text("reason", each.reason);
    json.Key("bytes");
    json.Uint64(each.size);
    if (each.replayed) text("replayed", text_of(event_time_of(*each.replayed)));
    json.EndObject();
    std::cout << out.GetString() << '\n';
}

task<result<void>> do_list(store::pg_connection& db, std::shared_ptr<quarantine_options> opt) {
    store::quarantine_filter which;
    which.cluster      = opt->cluster;
    which.since        = opt->since_time;
    which.replayed_too = opt->replayed;
    which.limit        = opt->limit;
    auto all           = co_await store::list_quarantine(db, std::move(which));
    if (!all) co_return std::move(all).error();
    if (!opt->json && all->empty()) std::cout << "nothing is in quarantine\n";
    for (const auto& each : *all) {
        if (opt->json) {
            print_json(each);
            continue;
        }
        std::cout << each.id << '\t' << when(each.received) << '\t' << printable(each.cluster, 80)
                  << '\t' << each.size << " bytes\t" << printable(each.about, 40) << ": "
                  << printable(each.reason, 120) << (each.replayed ? "\t(replayed)" : "") << '\n';
    }
    co_return result<void>{};
}

task<result<void>> do_show(store::pg_connection& db, std::shared_ptr<quarantine_options> opt) {
    for (const auto id : opt->ids) {
        auto one = co_await store::read_quarantined(db, id);
        if (!one) co_return std::move(one).error();
        if (!opt->body_only)
            std::cout << "id        " << one->id << "\nreceived  "
                      << text_of(event_time_of(one->received)) << "\ncluster   "
                      << printable(one->cluster, 512) << "\nabout     "
                      << printable(one->about, 200) << "\nreason    "
                      << printable(one->reason, 1000) << "\nreplayed  "
                      << (one->replayed ? when(*one->replayed) : "no") << "\nbytes     "
                      << one->size << "\n\n";
        if (opt->body_only)
            std::cout << one->body;
        else
            std::cout << printable_lines(one->body) << '\n';
    }
    co_return result<void>{};
}

struct replay_sum {
    std::size_t stored = 0, duplicates = 0, still = 0;
};

task<result<void>> replay_one(
    store::pg_connection& db, store::pg_event_store& events, std::int64_t id, replay_sum& sum
) {
    auto kept = co_await store::read_quarantined(db, id);
    if (!kept) co_return std::move(kept).error();
    app::body_aside aside{std::move(kept->cluster), kept->received, std::move(kept->body)};
    auto            done = co_await app::put_back(events, std::move(aside));
    if (!done) co_return std::move(done).error();
    if (!done->stored) {
        ++sum.still;
        std::cout << id << "\tstays: " << printable(done->why, 200) << '\n';
        co_return result<void>{};
    }
    ++(*done->stored == stored_as::duplicate ? sum.duplicates : sum.stored);
    co_return co_await store::mark_replayed(db, id);
}

task<result<void>> do_replay(
    store::pg_connection& db, time_source& time, std::shared_ptr<quarantine_options> opt,
    store::pg_options writer
) {
    const auto            loop = co_await asio::this_coro::executor;
    auto                  how  = app::put_back_options(std::move(writer));
    store::pg_event_store events(loop, time, std::move(how));
    replay_sum            sum;
    auto                  ids = opt->ids;
    for (std::int64_t after = 0;;) {
        if (opt->all) {
            store::quarantine_filter which;
            which.cluster      = opt->cluster;
            which.since        = opt->since_time;
            which.after        = after;
            which.limit        = 500;
            which.newest_first = false;
            auto page          = co_await store::list_quarantine(db, std::move(which));
            if (!page) co_return std::move(page).error();
            ids.clear();
            for (const auto& each : *page) ids.push_back(each.id);
        }
        for (const auto id : ids) {
            auto done = co_await replay_one(db, events, id, sum);
            if (!done) co_return std::move(done).error();
        }
        if (!opt->all || ids.empty()) break;
        after = ids.back();
    }
    std::cout << "stored " << sum.stored << ", there already " << sum.duplicates
              << ", still in quarantine " << sum.still << '\n';
    if (sum.still > 0) co_return failure{errc::malformed, "not all of them are events"};
    co_return result<void>{};
}

/// The library would take what is too large for the largest.
const CLI::Validator a_number(
    [](std::string& text) {
        std::int64_t value     = 0;
        const auto   end       = text.data() + text.size();
        const auto [at, wrong] = std::from_chars(text.data(), end, value);
        return wrong == std::errc{} && at == end && value > 0
                   ? std::string()
                   : "expected the number of a body, as `falconer quarantine list` shows it, "
                     "found '" +
                         printable(text, 100) + "'";
    },
    "NUMBER"
);

/// False: it is no time, and that has been said.
bool read_since(quarantine_options& opt) {
    if (opt.since.empty()) return true;
    const auto time = parse_rfc3339(opt.since);
    if (const auto* good = std::get_if<event_time>(&time)) {
        opt.since_time = utc_time{std::chrono::seconds{good->seconds}};
        return true;
    }
    std::cerr
        << "falconer quarantine: --since: expected a time such as 2026-11-20T00:00:00Z, found '"
        << opt.since << "'\n";
    return false;
}

}  // namespace

void add_quarantine_command(CLI::App& root, int& exit_code) {
    auto  opt   = std::make_shared<quarantine_options>();
    auto* aside = root.add_subcommand("quarantine", "Bodies that could not be stored as events");
    aside->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, const char* example) {
        auto* sub = aside->add_subcommand(name, what);
        sub->footer(std::string("Example:\n  ") + example);
        add_store_options(*sub, opt->where);
        return sub;
    };
    const auto add_filter = [&](CLI::App& sub) {
        sub.add_option("--cluster", opt->cluster, "Only this cluster's");
        sub.add_option("--since", opt->since, "Only received since then (RFC 3339)");
    };

    auto* list =
        add("list", "Shows what is kept aside, the newest first",
            "falconer quarantine list --data ./falconer-data");
    add_filter(*list);
    list->add_option("--limit", opt->limit, "At most so many")
        ->transform(a_decimal)
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    list->add_flag("--replayed", opt->replayed, "Also those that have been stored since");
    list->add_flag("--json", opt->json, "A JSON object per line");
    list->callback([opt, &exit_code] {
        exit_code = read_since(*opt) ? with_store(
                                           opt->where, store_user::reader,
                                           [opt](auto& db, auto&) { return do_list(db, opt); }
                                       )
                                     : wrong_usage;
    });

    auto* show =
        add("show", "Shows one with its body; --body: byte for byte",
            "falconer quarantine show 17 --body --data ./falconer-data");
    show->add_option("id", opt->ids, "Which")->required()->check(a_number)->transform(a_decimal);
    show->add_flag("--body", opt->body_only, "Nothing but the body");
    show->callback([opt, &exit_code] {
        exit_code = with_store(opt->where, store_user::reader, [opt](auto& db, auto&) {
            return do_show(db, opt);
        });
    });

    auto* replay =
        add("replay", "Stores those that are events by today's rules; exit 1 if some are not",
            "falconer quarantine replay --all --data ./falconer-data");
    // No group of options: behind `--` the library looks for words only among the command's own.
    auto* id  = replay->add_option("id", opt->ids, "Which")->check(a_number)->transform(a_decimal);
    auto* all = replay->add_flag("--all", opt->all, "All that were not yet replayed");
    id->excludes(all);
    add_filter(*replay);
    replay->callback([opt, &exit_code] {
        if (opt->ids.empty() && !opt->all) throw CLI::RequiredError("id or --all");
        const auto writer = find_store(opt->where, store_user::writer);
        if (!writer || !read_since(*opt)) {
            exit_code = wrong_usage;
            return;
        }
        exit_code = with_store(opt->where, store_user::writer, [opt, writer](auto& db, auto& time) {
            return do_replay(db, time, opt, *writer);
        });
    });
}

}  // namespace falconer::cli

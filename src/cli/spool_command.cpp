// falconer spool: what waits on a disk, and an orphaned spool's way into the store.
#include "commands.hpp"

#include "falconer/event.hpp"
#include "ingest/spool.hpp"
#include "ingest/spool_survey.hpp"
#include "spool_drain.hpp"
#include "store/pg_event_store.hpp"
#include "store_access.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;

struct spool_options {
    store_choice where{};
    std::string  directory{};
    bool         json = false;
};

// --- status -------------------------------------------------------------------------------------

/// What `spool status` says, found out without touching anything.
struct spool_report {
    std::string             directory{};
    std::optional<int>      owner{};
    std::uint64_t           segments = 0, batches = 0, bytes = 0, torn = 0, free = 0;
    std::optional<utc_time> oldest{};
    ingest::spool_survey    found{};

    bool damaged() const {
        if (found.set_aside > 0) return true;
        for (const auto& segment : found.segments)
            if (!segment.gaps.empty()) return true;
        return false;
    }
};

/// Any other folder is a mistake, and would be made a spool of by whoever opens it.
/// Errors: not_found, unavailable.
result<void> check_is_spool(const std::string& directory) {
    const auto names = ingest::make_posix_files(directory)->list();
    if (!names) return names.error();
    const bool is_one = std::ranges::any_of(*names, [](const std::string& name) {
        return name == ingest::spool_salt_name || name.ends_with(".segment") ||
               name.ends_with(".damaged");
    });
    if (is_one) return {};
    return failure{
        errc::not_found,
        directory + ": is no spool: it has neither segments nor " + ingest::spool_salt_name
    };
}

result<spool_report> look_at(const std::string& directory) {
    if (auto is_one = check_is_spool(directory); !is_one) return std::move(is_one).error();
    const auto   files = ingest::make_posix_files(directory);
    spool_report report{.directory = directory, .owner = files->locked_by()};
    auto         found = ingest::survey_spool(*files);
    if (!found) return std::move(found).error();
    report.found = *std::move(found);
    for (const auto& segment : report.found.segments) {
        report.torn += segment.torn;
        if (segment.frames.empty()) continue;
        ++report.segments;
        report.batches += segment.frames.size();
        report.bytes   += segment.bytes;
        if (!report.oldest) report.oldest = segment.frames.front().oldest;
    }
    // What the owner is writing right now is not torn.
    if (report.owner) report.torn = 0;
    report.free = 0;
    if (auto free = files->free_bytes()) report.free = *free;
    return report;
}

std::string pid_text(int pid) {
    return pid == 0 ? "a process that has not said which" : "pid " + std::to_string(pid);
}

void print_text(const spool_report& is) {
    const auto line = [](std::string name, const auto& value) {
        name.resize(std::max<std::size_t>(name.size(), 24), ' ');
        std::cout << name << value << '\n';
    };
    line("directory", is.directory);
    line("in use by", is.owner ? pid_text(*is.owner) : "nobody");
    line("records that wait", is.found.pending());
    line("batches", is.batches);
    line("segments", is.segments);
    line("bytes", is.bytes);
    line("oldest receipt", is.oldest ? text_of(event_time_of(*is.oldest)) : "-");
    line("damaged records", is.found.damaged());
    line("segments set aside", is.found.set_aside);
    line("dead letters", is.found.dead_letters ? ingest::spool_dead_letters_name : "none");
    line("unfinished write", std::to_string(is.torn) + " bytes");
    line("free on its disk", std::to_string(is.free >> 20) + " MiB");
    for (const auto& segment : is.found.segments)
        for (const auto& gap : segment.gaps)
            std::cout << "damaged: " << ingest::segment_name(segment.sequence) << " offset "
                      << gap.offset << ", " << gap.bytes << " bytes, " << gap.records
                      << " records lost\n";
}

void print_json(const spool_report& is) {
    rapidjson::StringBuffer                    out;
    rapidjson::Writer<rapidjson::StringBuffer> json(out);
    const auto text = [&json](const char* key, const std::string& value) {
        json.Key(key);
        json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    const auto number = [&json](const char* key, std::uint64_t value) {
        json.Key(key);
        json.Uint64(value);
    };
    json.StartObject();
    text("directory", is.directory);
    json.Key("in_use");
    json.Bool(is.owner.has_value());
    if (is.owner.value_or(0) != 0) number("pid", static_cast<std::uint64_t>(*is.owner));
    number("records", is.found.pending());
    number("batches", is.batches);
    number("segments", is.segments);
    number("bytes", is.bytes);
    if (is.oldest) text("oldest", text_of(event_time_of(*is.oldest)));
    number("damaged", is.found.damaged());
    number("set_aside", is.found.set_aside);
    json.Key("dead_letters");
    json.Bool(is.found.dead_letters);
    number("torn_bytes", is.torn);
    number("free_bytes", is.free);
    json.Key("gaps");
    json.StartArray();
    for (const auto& segment : is.found.segments)
        for (const auto& gap : segment.gaps) {
            json.StartObject();
            text("file", ingest::segment_name(segment.sequence));
            number("offset", gap.offset);
            number("bytes", gap.bytes);
            number("records", gap.records);
            json.EndObject();
        }
    json.EndArray();
    json.EndObject();
    std::cout << out.GetString() << '\n';
}

int show_status(const spool_options& opt) {
    auto report = look_at(opt.directory);
    if (!report) {
        std::cerr << report.error().detail << '\n';
        return answer_is_no;
    }
    if (opt.json)
        print_json(*report);
    else
        print_text(*report);
    return report->damaged() ? answer_is_no : success;
}

// --- replay -------------------------------------------------------------------------------------

task<result<void>> replay(
    asio::any_io_executor loop, time_source& time, spool_options opt, store::pg_options postgres,
    drain_sum& sum, spool_status& left
) {
    ingest::disk_spool::options where;
    where.directory = opt.directory;
    auto spool      = co_await ingest::disk_spool::open(loop, time, std::move(where));
    if (!spool) co_return std::move(spool).error();

    store::pg_event_store::options how;
    how.postgres     = std::move(postgres);
    how.insert_limit = 60s;
    store::pg_event_store events(loop, time, std::move(how));
    metrics_registry      nobody_asks;
    actors::isolation     careful(time, events, **spool, nobody_asks, 60s);
    drain_progress        show;
    if (::isatty(STDERR_FILENO) == 1)
        show = [](const drain_sum& so_far, const spool_status& rest) {
            std::cerr << "\r\x1b[K" << so_far.batches << " batches stored, " << rest.pending
                      << " records wait" << std::flush;
        };
    auto done = co_await drain_spool(**spool, careful, sum, show);
    if (show) std::cerr << '\n';
    left = (*spool)->status();
    co_await (*spool)->close();
    co_return done;
}

int replay_all(const spool_options& opt) {
    // A folder that is not there, or is no spool, is a mistake here, and nothing to be made.
    if (auto there = check_is_spool(opt.directory); !there) {
        std::cerr << there.error().detail << '\n';
        return wrong_usage;
    }
    auto postgres = find_store(opt.where, store_user::writer);
    if (!postgres) return wrong_usage;
    postgres->statement_timeout = 60s;
    drain_sum    sum;
    spool_status left;
    const int    code = run_to_end([&](asio::any_io_executor loop, time_source& time) {
        return replay(std::move(loop), time, opt, *postgres, sum, left);
    });
    std::cout << "stored " << sum.of(kept_as::committed) << ", there already "
              << sum.of(kept_as::duplicate) << ", quarantined " << sum.of(kept_as::quarantined)
              << ", counted " << sum.of(kept_as::counted) << ", damaged " << left.damaged
              << ", left in the spool " << left.pending << '\n';
    if (const auto dead = sum.of(kept_as::dead_letter))
        std::cout << "the store takes " << dead << " in no form; they are in " << opt.directory
                  << '/' << ingest::spool_dead_letters_name << '\n';
    if (code != success) std::cout << "not finished; run it again: nothing is stored twice\n";
    return code == success && left.damaged > 0 ? answer_is_no : code;
}

}  // namespace

void add_spool_command(CLI::App& root, int& exit_code) {
    auto  opt   = std::make_shared<spool_options>();
    auto* spool = root.add_subcommand("spool", "Events that wait on a disk for the store");
    spool->require_subcommand(1);

    auto* status = spool->add_subcommand("status", "Shows what a spool holds; changes nothing");
    status->add_option("DIR", opt->directory, "The spool's folder")->required();
    status->add_flag("--json", opt->json, "For programs");
    status->footer(
        "Also while a process uses the spool; some of what waits may then just have been stored.\n"
        "Exit code 1 when anything in it is damaged.\n\n"
        "Example:\n  falconer spool status /var/lib/falconer/spool"
    );
    status->callback([opt, &exit_code] { exit_code = show_status(*opt); });

    auto* replay_it =
        spool->add_subcommand("replay", "Brings an orphaned spool's events to the store");
    replay_it->add_option("DIR", opt->directory, "The spool's folder")->required();
    add_store_options(*replay_it, opt->where);
    replay_it->footer(
        "What the store refuses for its contents is quarantined. Stops at the first batch that "
        "the\n"
        "store does not take for another reason; it and what follows stay.\n"
        "Exit code 1 when it did, or when anything was damaged.\n\n"
        "Example:\n  falconer spool replay /var/lib/falconer/spool --config falconer.yaml"
    );
    replay_it->callback([opt, &exit_code] { exit_code = replay_all(*opt); });
}

}  // namespace falconer::cli

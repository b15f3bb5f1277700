// falconer db backup, db restore: the store copied, and made anew.
#include "commands.hpp"

#include "printable.hpp"
#include "store/backup.hpp"
#include "store/restore.hpp"
#include "store_access.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;

struct backup_choice {
    store_choice           where{};
    std::string            folder{};
    store::vault_commands  commands{};
    bool                   prune      = false;
    bool                   only_check = false;
    store::restore_options how{};
};
using choice = std::shared_ptr<backup_choice>;

/// One line that is written over, on a terminal; a line per day else would fill a log.
class progress_line {
public:
    std::function<void(const store::backup_progress&)> show() {
        if (::isatty(STDERR_FILENO) != 1) return {};
        return [this](const store::backup_progress& at) { write(at); };
    }
    void end() {
        if (shown_) std::cerr << "\r\033[K" << std::flush;
    }

private:
    void write(const store::backup_progress& at) {
        const auto now = std::chrono::steady_clock::now();
        if (shown_ && now - last_ < 100ms) return;
        shown_ = true;
        last_  = now;
        std::cerr << "\r\033[K"
                  << fmt::format(
                         "{} of {}  {}  {} rows  {} MiB", at.nth, at.of, printable(at.what, 60),
                         at.rows, at.bytes >> 20
                     )
                  << std::flush;
    }

    bool                                  shown_ = false;
    std::chrono::steady_clock::time_point last_{};
};

std::string size_of(std::uint64_t bytes) {
    if (bytes < 10'240) return std::to_string(bytes) + " bytes";
    if (bytes < 10'485'760) return std::to_string(bytes >> 10) + " KiB";
    return std::to_string(bytes >> 20) + " MiB";
}

int refuse(const failure& why) {
    std::cerr << printable_lines(why.detail) << '\n';
    return answer_is_no;
}

std::string seconds_since(std::chrono::steady_clock::time_point begun) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    return fmt::format("{:.1f} s", took.count());
}

// --- backup -------------------------------------------------------------------------------------

task<result<void>> do_backup(
    asio::any_io_executor loop, time_source& time, store::pg_options from, store::vault& to,
    store::backup_options how
) {
    progress_line line;
    how.show         = line.show();
    const auto begun = std::chrono::steady_clock::now();
    auto       done  = co_await store::take_backup(loop, time, std::move(from), to, std::move(how));
    line.end();
    if (!done) co_return std::move(done).error();
    for (const auto& each : done->remarks) std::cout << "note: " << printable(each, 500) << '\n';
    std::cout << "as of " << done->manifest.made << "\ndays copied " << done->days_copied
              << "\ndays unchanged since the last backup " << done->days_kept << "\nevents in it "
              << done->manifest.events() << "\nwritten " << size_of(done->bytes_written)
              << "\nin all " << size_of(done->manifest.bytes()) << "\nobjects removed "
              << done->removed << "\ntime " << seconds_since(begun) << '\n';
    co_return result<void>{};
}

int backup(const backup_choice& opt) {
    auto from = find_store(opt.where, store_user::reader);
    if (!from) return wrong_usage;
    std::unique_ptr<store::vault> to;
    if (opt.folder.empty()) {
        to = store::behind_commands(opt.commands);
    } else {
        auto opened = store::open_folder(opt.folder);
        if (!opened) return refuse(opened.error());
        to = *std::move(opened);
    }
    store::backup_options how;
    how.made_by = FALCONER_VERSION;
    how.prune   = opt.prune;
    return run_to_end([&](asio::any_io_executor loop, time_source& time) {
        return do_backup(std::move(loop), time, *from, *to, std::move(how));
    });
}

// --- restore ------------------------------------------------------------------------------------

task<result<void>> do_restore(
    asio::any_io_executor loop, time_source& time, store::pg_options into, store::vault& from,
    const store::backup_manifest& what, store::restore_options how
) {
    progress_line line;
    how.show         = line.show();
    const auto begun = std::chrono::steady_clock::now();
    auto       done =
        co_await store::restore_backup(loop, time, std::move(into), from, what, std::move(how));
    line.end();
    if (!done)
        co_return std::move(done).error().while_doing(
            "not all is restored; what was is whole, and the same command goes on"
        );
    std::cout << "backup as of " << printable(what.made, 40) << "\ndays " << done->days
              << "\nevents restored " << done->restored << "\nevents there already "
              << done->there_already << "\nbodies and counts restored " << done->beside
              << "\ndecisions " << (done->decisions ? "restored" : "as they are in the store")
              << "\ntime " << seconds_since(begun) << '\n';
    if (!done->past.empty())
        std::cout
            << "note: " << done->past.size() << " of these days (" << done->past.front()
            << (done->past.size() > 1 ? ", …" : "")
            << ") are past their period: the next retention removes them, unless `falconer db "
               "hold place` names them\n";
    co_return result<void>{};
}

int restore(const backup_choice& opt) {
    auto into = find_store(opt.where, store_user::migrator);
    auto keep = find_retention(opt.where);
    if (!into || !keep) return wrong_usage;
    std::unique_ptr<store::vault> from;
    if (opt.folder.empty()) {
        from = store::behind_commands(opt.commands);
    } else {
        auto opened = store::look_into_folder(opt.folder);
        if (!opened) return refuse(opened.error());
        from = *std::move(opened);
    }
    auto          how = opt.how;
    progress_line line;
    how.keep  = *keep;
    how.show  = line.show();
    auto what = store::verify_backup(*from, how);
    line.end();
    if (!what) return refuse(std::move(what).error().while_doing("nothing was restored"));
    if (opt.only_check) {
        std::cout << "backup as of " << printable(what->made, 40) << " is whole\nlandscapes";
        for (const auto& each : what->landscapes) std::cout << ' ' << printable(each, 200);
        std::cout << "\nschema version " << what->schema << "\nevents " << what->events()
                  << "\nin all " << size_of(what->bytes()) << '\n';
        for (const auto& each : what->days)
            std::cout << "events of " << each.day << "  " << each.events.rows << '\n';
        return success;
    }
    return run_to_end([&](asio::any_io_executor loop, time_source& time) {
        return do_restore(std::move(loop), time, *into, *from, *what, how);
    });
}

void add_place(CLI::App& command, const choice& opt, const char* folder, const char* other) {
    auto* where = command.add_option_group("place");
    where->add_option(folder, opt->folder, "Its folder")->check(not_empty);
    if (std::string_view(folder) == "--to")
        where
            ->add_option(
                other, opt->commands.write,
                "Instead, a command of the shell that stores what it reads; the object's name is "
                "in FALCONER_OBJECT"
            )
            ->check(not_empty);
    else
        where
            ->add_option(
                other, opt->commands.read,
                "Instead, a command of the shell that prints the object whose name is in "
                "FALCONER_OBJECT"
            )
            ->check(not_empty);
    where->require_option(1);
}

}  // namespace

void add_db_backup_command(CLI::App& db, int& exit_code) {
    auto  opt = std::make_shared<backup_choice>();
    auto* sub = db.add_subcommand("backup", "Copies the store's events to a folder or a command");
    sub->footer(
        "Days that have not changed since the last backup there are not copied again. Broken off, "
        "it goes on where it was.\n\nExample:\n  falconer db backup --to /backup/falconer --config "
        "falconer.yaml\n  falconer db backup --to-command 'aws s3 cp - "
        "\"s3://bucket/$FALCONER_OBJECT\"' --read-command 'aws s3 cp "
        "\"s3://bucket/$FALCONER_OBJECT\" -' --config falconer.yaml"
    );
    add_store_options(*sub, opt->where);
    add_place(*sub, opt, "--to", "--to-command");
    sub->add_option(
           "--read-command", opt->commands.read,
           "With --to-command: prints an object of the last backup, so that not all is copied anew"
    )
        ->check(not_empty);
    sub->add_flag("--prune", opt->prune, "Then removes from the folder what the new backup lacks");
    sub->callback([opt, &exit_code] {
        if (opt->commands.write.empty() && !opt->commands.read.empty())
            throw CLI::ValidationError("--read-command", "goes with --to-command");
        if (opt->prune && opt->folder.empty())
            throw CLI::ValidationError("--prune", "goes with --to: a command cannot remove");
        exit_code = backup(*opt);
    });
}

void add_db_restore_command(CLI::App& db, int& exit_code) {
    auto  opt = std::make_shared<backup_choice>();
    auto* sub =
        db.add_subcommand("restore", "Puts a backup's or an archive's events into the store");
    sub->footer(
        "Everything is checked before anything is written. What is there already stays; it may be "
        "run again, and while events come.\n\nExample:\n  falconer db restore --from "
        "/backup/falconer --check --config falconer.yaml\n  falconer db restore --from "
        "/backup/falconer --day 2026-11-20 --project payments --config falconer.yaml"
    );
    add_store_options(*sub, opt->where);
    add_place(*sub, opt, "--from", "--from-command");
    sub->add_option("--manifest", opt->how.manifest, "An earlier one: manifest-….json")
        ->check(not_empty)
        ->capture_default_str();
    sub->add_option("--day", opt->how.days, "Only this UTC day of receipt; may be repeated")
        ->check(a_day);
    sub->add_option("--project", opt->how.project, "Only of this project's clusters")
        ->check(not_empty);
    sub->add_option("--cluster", opt->how.cluster, "Only of the cluster with this identity")
        ->check(not_empty);
    sub->add_flag("--check", opt->only_check, "Only checks the backup, and says what is in it");
    sub->add_flag(
        "--other-landscape", opt->how.other_landscape,
        "Also where the store has events of other landscapes only"
    );
    sub->callback([opt, &exit_code] { exit_code = restore(*opt); });
}

}  // namespace falconer::cli

// falconer db archive: a day written out as retention does it.
#include "commands.hpp"

#include "archive_access.hpp"
#include "store/archive.hpp"
#include "store_access.hpp"

#include <iostream>
#include <memory>

namespace falconer::cli {
namespace {

struct archive_choice {
    store_choice           where{};
    store::archive_request what{};
};

task<result<void>> do_archive(
    asio::any_io_executor loop, time_source& time, store::pg_options from, store::vault& to,
    store::archive_request what
) {
    const auto day = what.day;
    auto       done =
        co_await store::archive_day(std::move(loop), time, std::move(from), to, std::move(what));
    if (!done) co_return std::move(done).error();
    std::cout << day << ": " << done->events() << " events are in " << to.text() << '\n';
    co_return result<void>{};
}

int archive(const archive_choice& opt) {
    auto from = find_store(opt.where, store_user::reader);
    if (!from) return wrong_usage;
    auto to = open_archive(opt.where);
    if (!to) {
        std::cerr << to.error().detail << '\n';
        return to.error().code == errc::malformed ? wrong_usage : answer_is_no;
    }
    return run_to_end([&](asio::any_io_executor loop, time_source& time) {
        return do_archive(std::move(loop), time, *from, **to, opt.what);
    });
}

}  // namespace

result<std::unique_ptr<store::vault>> open_archive(const store_choice& where) {
    const auto how = find_archive(where);
    if (!how) return failure{errc::malformed, "nothing was written"};
    if (!how->command.empty())
        return store::behind_commands(
            {.write = how->command, .read = "", .limit = how->command_timeout}
        );
    if (!how->directory.empty()) return store::open_shared_folder(how->directory);
    return failure{errc::malformed, "store.archive says nothing: neither directory nor command"};
}

void add_db_archive_command(CLI::App& db, int& exit_code) {
    auto  opt = std::make_shared<archive_choice>();
    auto* sub = db.add_subcommand("archive", "Writes a day's events out, as retention does before");
    sub->footer(
        "To where store.archive says. `falconer db restore --from FOLDER --day DAY` brings them "
        "back.\n\nExample:\n  falconer db archive --day 2026-11-20 --config falconer.yaml"
    );
    add_store_options(*sub, opt->where);
    sub->add_option("--day", opt->what.day, "The UTC day of receipt")->required()->check(a_day);
    sub->add_option(
        "--clusters", opt->what.clusters, "Only of these: their numbers in the store, {1,2,3}"
    );
    opt->what.made_by = FALCONER_VERSION;
    sub->callback([opt, &exit_code] { exit_code = archive(*opt); });
}

}  // namespace falconer::cli

#include "store_access.hpp"

#include "app/shell_word.hpp"
#include "commands.hpp"
#include "falconer/event.hpp"
#include "falconer/rfc3339.hpp"
#include "falconer/steady_time_source.hpp"
#include "printable.hpp"
#include "store/schema_check.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <fstream>
#include <iostream>
#include <map>

namespace falconer::cli {
namespace {

std::optional<store::pg_options> read_config(const std::string& file, store_user who) {
    const auto got = app::read_configuration_file(file, {});
    for (const auto& problem : got.problems) std::cerr << problem << '\n';
    if (!got.problems.empty()) return std::nullopt;
    switch (who) {
        case store_user::reader: return got.value.store.as_reader();
        case store_user::migrator: return got.value.store.as_migrator();
        default: return got.value.store.postgres;
    }
}

task<void> print_failure(task<result<void>> work, int& exit_code) {
    auto done = co_await std::move(work);
    if (done) co_return;
    std::cerr << printable_lines(done.error().detail) << '\n';
    exit_code = answer_is_no;
}

task<result<void>> connect_and(
    asio::any_io_executor loop, time_source& time, store::pg_options where, store_work work
) {
    auto db = co_await store::pg_connection::open(loop, time, std::move(where));
    if (!db) co_return std::move(db).error();
    auto ours = co_await store::check_not_too_new(**db);
    if (!ours) co_return std::move(ours).error();
    co_return co_await work(**db, time);
}

}  // namespace

const CLI::Validator not_empty(
    [](std::string& text) {
        return text.empty() ? std::string("is empty: an unset variable of the shell, perhaps")
                            : std::string();
    },
    ""
);

const CLI::Validator a_day(
    [](std::string& text) {
        const auto time = parse_rfc3339(text + "T00:00:00Z");
        return std::holds_alternative<event_time>(time)
                   ? std::string()
                   : "expected a day such as 2026-11-20, found '" + text + "'";
    },
    "DAY"
);

std::optional<app::archive_configuration> find_archive(const store_choice& where) {
    if (where.config.empty()) return app::archive_configuration{};
    const auto got = app::read_configuration_file(where.config, {});
    for (const auto& problem : got.problems) std::cerr << problem << '\n';
    if (!got.problems.empty()) return std::nullopt;
    return got.value.store.archive;
}

void add_store_options(CLI::App& command, store_choice& into) {
    auto* where = command.add_option_group("store");
    where->add_option("--data", into.data, "Folder of a private store, as `falconer up` makes it")
        ->check(not_empty);
    where->add_option("--config", into.config, "The configuration of `falconer serve`")
        ->check(not_empty);
    where->require_option(1);
}

/// `falconer up` leaves DIR/store.env: lines host= port= database= user= reader= migrator=
result<store::pg_options> private_store(const std::string& folder, store_user who) {
    const auto    path = folder + "/store.env";
    std::ifstream file(path);
    if (!file)
        return failure{
            errc::not_found,
            path + ": cannot be read; `falconer up --data " + app::shell_word(folder) + "` makes it"
        };
    std::map<std::string, std::string> said;
    for (std::string line; std::getline(file, line);)
        if (const auto sign = line.find('='); sign != std::string::npos)
            said[line.substr(0, sign)] = line.substr(sign + 1);
    const std::map<store_user, const char*> names{
        {store_user::writer, "user"},
        {store_user::reader, "reader"},
        {store_user::migrator, "migrator"}
    };
    store::pg_options found;
    try {
        found.host     = said.at("host");
        found.port     = static_cast<std::uint16_t>(std::stoul(said.at("port")));
        found.database = said.at("database");
        found.user     = said.contains(names.at(who)) ? said.at(names.at(who)) : said.at("user");
    } catch (const std::exception&) {
        return failure{errc::malformed, path + ": is not what `falconer up` writes"};
    }
    found.statement_timeout = statement_limit;
    return found;
}

std::optional<store::pg_options> find_store(const store_choice& where, store_user who) {
    if (where.config.empty()) {
        auto found = private_store(where.data, who);
        if (found) return *std::move(found);
        std::cerr << found.error().detail << '\n';
        return std::nullopt;
    }
    auto found = read_config(where.config, who);
    if (found) found->statement_timeout = statement_limit;
    return found;
}

std::optional<std::chrono::days> find_retention(const store_choice& where) {
    if (where.config.empty()) return app::store_configuration{}.keep;
    const auto got = app::read_configuration_file(where.config, {});
    for (const auto& problem : got.problems) std::cerr << problem << '\n';
    if (!got.problems.empty()) return std::nullopt;
    return got.value.store.keep;
}

int run_to_end(loop_work work) {
    int                exit_code = success;
    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    asio::co_spawn(
        loop, print_failure(work(loop.get_executor(), time), exit_code),
        [](std::exception_ptr why) {
            if (why) std::rethrow_exception(why);
        }
    );
    loop.run();
    return exit_code;
}

int with_store(const store_choice& where, store_user who, store_work work) {
    auto found = find_store(where, who);
    if (!found) return wrong_usage;
    return run_to_end([&](asio::any_io_executor loop, time_source& time) {
        return connect_and(std::move(loop), time, std::move(*found), std::move(work));
    });
}

}  // namespace falconer::cli

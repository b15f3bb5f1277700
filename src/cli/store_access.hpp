// How commands find the store and talk to it.
#pragma once

#include "app/configuration.hpp"
#include "falconer/async.hpp"
#include "store/pg_connection.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace falconer::cli {

/// Whose rights a command needs.
enum class store_user { writer, reader, migrator };

/// Where the store is, in the words of a command line.
struct store_choice {
    std::string data{};    // folder of `falconer up`
    std::string config{};  // of `falconer serve`
};

/// Of a path that is given; an empty one would be taken for none.
extern const CLI::Validator not_empty;

/// Adds --data and --config; one of them must be given.
void add_store_options(CLI::App& command, store_choice& into);

/// The store that was chosen, as that user. Nothing: the problems have been printed.
std::optional<store::pg_options> find_store(const store_choice& where, store_user who);

/// The store of a folder of `falconer up`.
/// Errors: not_found, malformed; a sentence with what to do.
result<store::pg_options> private_store(const std::string& folder, store_user who);

/// No statement of a command takes longer.
constexpr std::chrono::seconds statement_limit{60};

/// How long the configuration keeps events; what it says by default for a store of `falconer up`.
/// Nothing: the problems have been printed.
std::optional<std::chrono::days> find_retention(const store_choice& where);

/// Where the configuration writes days out to; of `falconer up`: nowhere. Nothing: the problems
/// have been printed.
std::optional<app::archive_configuration> find_archive(const store_choice& where);

/// Of a UTC day: 2026-11-20.
extern const CLI::Validator a_day;

using store_work = std::function<task<result<void>>(store::pg_connection&, time_source&)>;

/// Connects, does the work on a loop of its own, prints what went wrong. Yields the exit code.
int with_store(const store_choice& where, store_user who, store_work work);

/// The same for work that connects by itself.
using loop_work = std::function<task<result<void>>(asio::any_io_executor, time_source&)>;
int run_to_end(loop_work work);

}  // namespace falconer::cli

// A PostgreSQL of our own: made, started, watched, stopped.
#pragma once

#include "child_process.hpp"
#include "falconer/task_scope.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace falconer::sandbox {

/// A cluster under a folder, reachable by nobody but us and root, over a unix socket only. It runs
/// as the user `postgres` when we are root, since PostgreSQL refuses to be root.
///
/// Layout: DIR/postgres (the cluster; DIR/postgres.new while it is being made), DIR/run (the
/// socket), DIR/postgres.log, DIR/store.env (for `falconer db --data DIR`).
///
/// Lifetime : await stop() before destruction.
class private_postgres {
public:
    struct place {
        std::string           socket_folder{};
        std::uint16_t         port     = 5432;  // only names the socket
        std::string           database = "falconer";
        std::string           migrator = "falconer_migrator";
        std::string           writer   = "falconer_writer";
        std::string           reader   = "falconer_reader";
        std::filesystem::path data{};
        int                   version = 0;
    };

    /// Whether there can be one under that folder, which need not be there yet. Makes nothing.
    /// Errors: one sentence each, with what to do: PostgreSQL, or setpriv, is missing; the path is
    /// too long, or the user postgres may not pass through a part of it.
    static result<void> possible_in(const std::filesystem::path& folder);

    /// Returns when it answers, and database and roles are there. Errors: one sentence each, with
    /// what to do: PostgreSQL is missing; the folder is another user's, or another version's, or
    /// cannot be reached by the user postgres; the disk is full.
    static task<result<std::unique_ptr<private_postgres>>> start(
        asio::any_io_executor loop, time_source& time, std::filesystem::path folder
    );

    const place& where() const noexcept { return where_; }
    /// The postmaster's.
    int pid() const noexcept { return server_ ? server_->pid() : 0; }

    /// Asks it to end and gives it 20 s; then more firmly, for 5 s; then it is killed, which costs
    /// its next start a recovery and no data.
    task<void> stop();
    /// stop() is patient no longer.
    void hurry() noexcept { hurried_ = true; }

private:
    private_postgres(asio::any_io_executor loop, time_source& time, std::filesystem::path folder);

    task<result<void>> start();
    result<void>       look_at_folder();
    task<result<void>> make_cluster();
    task<result<void>> launch();
    task<result<bool>> comes_up(steady_time end);
    task<result<void>> make_database();
    task<void>         watch();
    task<void>         end_server();
    task<result<int>>  run_until_end();
    task<bool>         ends_within(std::chrono::milliseconds limit, bool may_be_hurried);
    result<void>       write_store_env() const;

    task<result<finished>> run(std::vector<std::string> command, std::chrono::milliseconds limit);
    std::filesystem::path  half_made() const { return folder_ / "postgres.new"; }
    std::string            program(const char* name) const { return (programs_ / name).string(); }
    std::string            last_words(std::uintmax_t since) const;

    asio::any_io_executor          loop_;
    time_source&                   time_;
    std::filesystem::path          folder_;
    std::string                    user_{};  // empty: ourselves
    std::filesystem::path          programs_{};
    place                          where_{};
    std::unique_ptr<child_process> server_{};
    bool                           stopping_ = false;
    bool                           hurried_  = false;
    task_scope                     scope_;
};

}  // namespace falconer::sandbox

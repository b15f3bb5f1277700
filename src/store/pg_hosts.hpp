// The hosts of a store: which is asked first, and where each one is.
#pragma once

#include "falconer/async.hpp"
#include "falconer/log.hpp"

#include <asio/any_io_executor.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::store {

/// In which order several ways to the same are tried. Pure.
class preference {
public:
    /// The one that worked last; then those that have not failed, as they were given; then the
    /// others, whose failure is longest ago first.
    std::vector<std::string> in_order(const std::vector<std::string>& ways) const;

    void worked(const std::string& way);
    void failed(const std::string& way);
    /// All others are forgotten.
    void keep_only(const std::vector<std::string>& ways);

    const std::string& best() const noexcept { return best_; }  // empty: none
    std::uint64_t      failures() const noexcept { return failures_; }

private:
    std::string              best_;
    std::vector<std::string> failed_;  // the latest last
    std::uint64_t            failures_ = 0;
};

/// One attempt at a way. It has failed unless it is said to have worked, also when it is broken
/// off: whoever has no time to wait for a host that says nothing tells the next one.
class attempt {
public:
    attempt(preference& among, std::string way) : among_(among), way_(std::move(way)) {}
    ~attempt() {
        if (!worked_) among_.failed(way_);
    }
    attempt(const attempt&)            = delete;
    attempt& operator=(const attempt&) = delete;

    void worked() {
        worked_ = true;
        among_.worked(way_);
    }

private:
    preference& among_;
    std::string way_;
    bool        worked_ = false;
};

/// Where a server stands among the copies of its database: each promotion of a standby begins the
/// next timeline.
struct server_history {
    std::string  system{};      // the same in all copies
    std::int64_t timeline = 0;  // the one it writes
};

/// How the hosts of a store have fared, for all connections to it.
/// Threading: the loop thread.
class host_memory {
public:
    preference&       hosts() noexcept { return hosts_; }
    const preference& hosts() const noexcept { return hosts_; }
    /// The addresses of a host. The reference stays good.
    preference& addresses(const std::string& host) { return places_[host].addresses; }

    /// Of a name, when it was last looked up. Empty: never.
    const std::vector<std::string>& known(const std::string& host) { return places_[host].known; }
    void                            found(const std::string& host, std::vector<std::string> where);

    /// Says which host is used, and why not those before it. Once in a while.
    void say_passed_over(const std::string& because, steady_time now);

    /// Of servers that take writes. The newest timeline is the one that counts.
    void saw(const server_history& of);
    /// An old primary that has come back: another one has been seen that was promoted after it.
    bool         is_outdated(const server_history& of) const;
    std::int64_t newest_timeline() const noexcept { return newest_.timeline; }

    /// Whether the other hosts have to be asked for theirs: nobody has done it yet, or there is a
    /// doubt; then not more often than every 5 s.
    bool must_ask_others(steady_time now) const;
    void asked_others(steady_time now);
    void doubt() noexcept { doubt_ = true; }

    /// Why events that the store has taken could be lost; empty: by nothing that we know of. Said
    /// when it has changed.
    void                            learn_risks(std::vector<std::string> risks);
    const std::vector<std::string>& risks() const noexcept { return risks_; }

private:
    struct place {
        preference               addresses{};
        std::vector<std::string> known{};
    };
    preference                   hosts_;
    std::map<std::string, place> places_;
    log_gate                     gate_{std::chrono::minutes(1)};
    server_history               newest_{};
    std::optional<steady_time>   asked_{};
    bool                         doubt_ = false;
    std::vector<std::string>     risks_{};
};

/// "one,two": one and two.
std::vector<std::string> hosts_in(std::string_view list);

/// What hosts or addresses have answered, of which none would do.
class refusals {
public:
    void add(std::string_view way, failure why);
    bool empty() const noexcept { return all_.empty(); }

    /// Of the addresses of one host: what it says at one of them counts for the others.
    failure of_one_host() const;
    /// Of several hosts: denied only if all say so, or the one that knows us might be away just
    /// now.
    failure     of_all_hosts() const;
    std::string text() const;

private:
    struct refusal {
        std::string way;
        failure     why;
    };
    std::vector<refusal> all_;
};

/// The addresses of a host, for libpq, which would ask DNS itself and block the loop meanwhile; a
/// single empty one for the folder of a unix socket. A name that cannot be looked up in `within` is
/// where it was the last time.
///
/// Errors : unavailable, timed_out; never an empty list.
task<result<std::vector<std::string>>> addresses_of(
    asio::any_io_executor loop, time_source& time, std::string host, host_memory& memory,
    steady_time::duration within
);

}  // namespace falconer::store

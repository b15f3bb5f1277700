// falconer token revoke, falconer db policy: what operators decide about single clusters.
#include "commands.hpp"

#include "decider.hpp"
#include "falconer/event.hpp"
#include "falconer/rfc3339.hpp"
#include "printable.hpp"
#include "store/policy_watch.hpp"
#include "store/retention_policy.hpp"
#include "store_access.hpp"

#include <charconv>
#include <iostream>
#include <memory>

namespace falconer::cli {
namespace {

struct policy_options {
    store_choice where{};
    std::string  cluster{};
    std::string  before{};
    std::string  reason{};
    std::string  daily{};
    std::string  by{};
    bool         lift = false;
};

/// A decision about a cluster that nobody has heard of is kept, and may be a slip of the pen.
task<result<void>> warn_of_unknown(store::pg_connection& db, std::string cluster) {
    auto known = co_await store::is_known(db, cluster);
    if (!known) co_return std::move(known).error();
    if (!*known)
        std::cerr << "note: the store has nothing of a cluster '" << printable(cluster, 300)
                  << "' yet; is that its identity?\n";
    co_return result<void>{};
}

task<result<void>> refuse(
    store::pg_connection& db, policy_options opt, std::optional<event_time> before
) {
    auto known = co_await store::decide_as(db, opt.by, opt.reason);
    if (!known) co_return known;
    auto since = co_await store::refuse_tokens(db, opt.cluster, before, opt.reason);
    if (!since) co_return std::move(since).error();
    std::cout << "tokens of " << printable(opt.cluster, 300) << " issued before " << *since
              << " are refused from now on\n";
    co_return co_await warn_of_unknown(db, opt.cluster);
}

task<result<void>> accept(store::pg_connection& db, policy_options opt) {
    auto known = co_await store::decide_as(db, opt.by, opt.reason);
    if (!known) co_return known;
    auto set = co_await store::accept_tokens(db, opt.cluster, opt.reason);
    if (!set) co_return set;
    std::cout << "tokens of " << printable(opt.cluster, 300) << " are accepted again\n";
    co_return co_await warn_of_unknown(db, opt.cluster);
}

task<result<void>> set_events(
    store::pg_connection& db, policy_options opt, std::optional<std::uint64_t> events
) {
    auto known = co_await store::decide_as(db, opt.by, opt.reason);
    if (!known) co_return known;
    auto set = co_await store::set_daily_events(db, opt.cluster, events);
    if (!set) co_return set;
    co_return co_await warn_of_unknown(db, opt.cluster);
}

int revoke(const policy_options& opt) {
    if (opt.lift)
        return with_store(opt.where, store_user::migrator, [&](auto& db, auto&) {
            return accept(db, opt);
        });
    std::optional<event_time> before;
    if (!opt.before.empty()) {
        const auto  time = parse_rfc3339(opt.before);
        const auto* good = std::get_if<event_time>(&time);
        if (good == nullptr) {
            std::cerr << "falconer token revoke: --issued-before: expected a time of the years "
                         "1970 to 9999 such as 2026-11-20T00:00:00Z, found '"
                      << printable(opt.before, 100) << "'\n";
            return wrong_usage;
        }
        before = *good;
    }
    return with_store(opt.where, store_user::migrator, [&](auto& db, auto&) {
        return refuse(db, opt, before);
    });
}

int set_budget(const policy_options& opt) {
    std::optional<std::uint64_t> events;
    if (opt.daily != "default") {
        std::uint64_t value    = 0;
        const auto    end      = opt.daily.data() + opt.daily.size();
        const auto [at, wrong] = std::from_chars(opt.daily.data(), end, value);
        if (wrong != std::errc{} || at != end || value == 0 || value > std::uint64_t{1} << 62) {
            std::cerr << "falconer db policy: --daily-events: expected a number of events or "
                         "'default', found '"
                      << opt.daily << "'\n";
            return wrong_usage;
        }
        events = value;
    }
    return with_store(opt.where, store_user::migrator, [&](auto& db, auto&) {
        return set_events(db, opt, events);
    });
}

}  // namespace

void add_token_revoke_command(CLI::App& token, int& exit_code) {
    auto  opt = std::make_shared<policy_options>();
    auto* sub = token.add_subcommand(
        "revoke",
        "Refuses a cluster's tokens issued before a time; running ingestors hear of it at once"
    );
    sub->footer(
        "Tokens that do not say when they were issued are refused too.\n\nExample:\n  falconer "
        "token revoke --cluster shoot--demo--a-… --config falconer.yaml"
    );
    add_store_options(*sub, opt->where);
    sub->add_option("--cluster", opt->cluster, "The cluster's identity")->required();
    sub->add_option("--issued-before", opt->before, "RFC 3339; default: now, by the store's clock")
        ->check(not_empty);
    sub->add_option("--reason", opt->reason, "For those who ask later");
    add_decider(*sub, opt->by);
    sub->add_flag("--lift", opt->lift, "Accepts them again");
    sub->callback([opt, &exit_code] { exit_code = revoke(*opt); });
}

void add_db_policy_command(CLI::App& db, int& exit_code) {
    auto  opt = std::make_shared<policy_options>();
    auto* sub = db.add_subcommand("policy", "Gives a cluster a daily budget of its own");
    sub->footer(
        "Example:\n  falconer db policy --cluster shoot--demo--a-… --daily-events 50000 --config "
        "falconer.yaml"
    );
    add_store_options(*sub, opt->where);
    sub->add_option("--cluster", opt->cluster, "The cluster's identity")->required();
    sub->add_option("--daily-events", opt->daily, "Events per day, or 'default'")->required();
    sub->add_option("--reason", opt->reason, "For those who ask later");
    add_decider(*sub, opt->by);
    sub->callback([opt, &exit_code] { exit_code = set_budget(*opt); });
}

}  // namespace falconer::cli

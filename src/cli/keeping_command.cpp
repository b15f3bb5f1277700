// falconer db period, db hold, db audit: what people decide about keeping, and who decided it.
#include "commands.hpp"

#include "decider.hpp"
#include "decimal.hpp"
#include "falconer/event.hpp"
#include "printable.hpp"
#include "store/retention_policy.hpp"
#include "store_access.hpp"

#include <iostream>
#include <memory>

namespace falconer::cli {
namespace {

struct keeping_options {
    store_choice      where{};
    std::string       by{};
    int               days       = 0;
    bool              everything = false;
    int               limit      = 50;
    store::legal_hold hold{};
};
using keeping = std::shared_ptr<keeping_options>;

std::string or_any(const std::string& text, const char* any) {
    return text.empty() ? any : printable(text, 200);
}

/// "project prod in landscape live", "everything"
std::string whose(const std::string& landscape, const std::string& project) {
    if (landscape.empty() && project.empty()) return "everything";
    if (project.empty()) return "landscape " + printable(landscape, 200);
    const auto name = "project " + printable(project, 200);
    return landscape.empty() ? name : name + " in landscape " + printable(landscape, 200);
}

std::string text_of(const store::legal_hold& hold) {
    return std::to_string(hold.id) + "\tlandscape " + or_any(hold.landscape, "any") + "\tproject " +
           or_any(hold.project, "any") + "\tcluster " + or_any(hold.cluster, "any") +
           "\treceived from " + or_any(hold.since, "the first day") + " to " +
           or_any(hold.until, "the last") + "\tplaced by " + printable(hold.placed_by, 200) +
           " at " + hold.placed_at + ": " + printable(hold.reason, 500);
}

// --- periods ------------------------------------------------------------------------------------

task<result<void>> set_period(store::pg_connection& db, keeping opt) {
    auto known = co_await store::decide_as(db, opt->by, opt->hold.reason);
    if (!known) co_return std::move(known).error();
    // Named: GCC 12 would destroy a braced temporary of a co_await expression twice.
    store::retention_period period{
        opt->hold.landscape, opt->hold.project, std::chrono::days{opt->days}
    };
    auto done = co_await store::set_period(db, std::move(period));
    if (!done) co_return std::move(done).error();
    std::cout << whose(opt->hold.landscape, opt->hold.project) << " is kept " << opt->days
              << " days from the next retention on; `falconer db retain --dry-run` tells what "
                 "would go\n";
    co_return result<void>{};
}

task<result<void>> remove_period(store::pg_connection& db, keeping opt) {
    auto known = co_await store::decide_as(db, opt->by, opt->hold.reason);
    if (!known) co_return std::move(known).error();
    auto done = co_await store::remove_period(db, opt->hold.landscape, opt->hold.project);
    if (!done) co_return std::move(done).error();
    std::cout << whose(opt->hold.landscape, opt->hold.project)
              << " has no period of its own any more\n";
    co_return result<void>{};
}

task<result<void>> list_periods(store::pg_connection& db, keeping) {
    auto all = co_await store::list_periods(db);
    if (!all) co_return std::move(all).error();
    if (all->empty()) std::cout << "no periods are set: the configuration's holds for everything\n";
    for (const auto& each : *all)
        std::cout << each.days.count() << " days\t" << whose(each.landscape, each.project) << '\n';
    co_return result<void>{};
}

// --- holds --------------------------------------------------------------------------------------

task<result<void>> place_hold(store::pg_connection& db, keeping opt) {
    auto known = co_await store::decide_as(db, opt->by, opt->hold.reason);
    if (!known) co_return std::move(known).error();
    auto hold      = opt->hold;
    hold.placed_by = opt->by;
    auto id        = co_await store::place_hold(db, std::move(hold));
    if (!id) co_return std::move(id).error();
    std::cout << "hold " << *id << " is placed: what it names stays until `falconer db hold lift "
              << *id << "`\n";
    co_return result<void>{};
}

task<result<void>> lift_hold(store::pg_connection& db, keeping opt) {
    auto known = co_await store::decide_as(db, opt->by, opt->hold.reason);
    if (!known) co_return std::move(known).error();
    auto hold = co_await store::lift_hold(db, opt->hold.id);
    if (!hold) co_return std::move(hold).error();
    std::cout << "lifted: " << text_of(*hold)
              << "\nwhat it kept beyond its period goes with the next retention\n";
    co_return result<void>{};
}

task<result<void>> list_holds(store::pg_connection& db, keeping) {
    auto all = co_await store::list_holds(db);
    if (!all) co_return std::move(all).error();
    if (all->empty()) std::cout << "nothing is on hold\n";
    for (const auto& each : *all) std::cout << text_of(each) << '\n';
    co_return result<void>{};
}

// --- audit --------------------------------------------------------------------------------------

task<result<void>> show_audit(store::pg_connection& db, keeping opt) {
    auto all = co_await store::read_audit(db, opt->limit);
    if (!all) co_return std::move(all).error();
    if (all->empty()) std::cout << "nobody has decided anything yet\n";
    for (const auto& each : *all) {
        std::cout << each.at << '\t' << printable(each.who, 200) << " (" << each.login << ")\t"
                  << each.done << ' ' << each.what;
        if (!each.before.empty()) std::cout << "\tbefore " << printable(each.before, 2000);
        if (!each.after.empty()) std::cout << "\tafter " << printable(each.after, 2000);
        if (!each.reason.empty()) std::cout << "\treason: " << printable(each.reason, 500);
        std::cout << '\n';
    }
    co_return result<void>{};
}

using verb = task<result<void>> (*)(store::pg_connection&, keeping);

/// One group, `period` or `hold`: its verbs share the options.
class keeping_group {
public:
    keeping_group(CLI::App& db, const char* name, const char* what, int& exit_code)
        : group_(db.add_subcommand(name, what)), exit_code_(exit_code) {
        group_->require_subcommand(1);
    }
    CLI::App* add(
        const char* name, const char* what, const std::string& example, store_user user, verb act
    ) {
        auto* sub = group_->add_subcommand(name, what);
        sub->footer("Example:\n  falconer db " + group_->get_name() + ' ' + example);
        add_store_options(*sub, opt->where);
        sub->callback([held = opt, user, act, &code = exit_code_] {
            code = with_store(held->where, user, [held, act](auto& store, auto&) {
                return act(store, held);
            });
        });
        return sub;
    }
    /// Whose data, with --everything so that nobody takes in more than he meant.
    CLI::Option_group* add_scope(CLI::App& sub) {
        auto* scope = sub.add_option_group("which");
        scope->add_option("--landscape", opt->hold.landscape, "Only of this landscape");
        scope->add_option("--project", opt->hold.project, "Only of this project");
        scope->add_flag("--everything", opt->everything, "All there is");
        scope->require_option(1, 0);
        return scope;
    }
    void add_who(CLI::App& sub) {
        sub.add_option("--reason", opt->hold.reason, "For those who ask later")->required();
        add_decider(sub, opt->by);
    }

    keeping opt = std::make_shared<keeping_options>();

private:
    CLI::App* group_;
    int&      exit_code_;
};

void add_period_commands(CLI::App& db, int& exit_code) {
    keeping_group group(
        db, "period", "How long single landscapes and projects are kept", exit_code
    );
    auto* set = group.add(
        "set", "Sets a period; the most particular one counts",
        "set --project prod --days 90 --reason 'contract' --config falconer.yaml",
        store_user::migrator, set_period
    );
    set->add_option("--days", group.opt->days, "Days of receipt that events stay")
        ->required()
        ->transform(a_decimal)
        ->check(CLI::Range(1, 36500));
    group.add_scope(*set);
    group.add_who(*set);
    auto* remove = group.add(
        "remove", "Takes a period back",
        "remove --project prod --reason 'contract ended' --config falconer.yaml",
        store_user::migrator, remove_period
    );
    group.add_scope(*remove);
    group.add_who(*remove);
    group.add(
        "list", "Shows the periods that are set", "list --config falconer.yaml", store_user::reader,
        list_periods
    );
}

void add_hold_commands(CLI::App& db, int& exit_code) {
    keeping_group group(db, "hold", "What may not go, however old (legal hold)", exit_code);
    auto*         place = group.add(
        "place", "Keeps what it names until it is lifted",
        "place --project prod --since 2026-11-01 --reason 'case 4711' --config falconer.yaml",
        store_user::migrator, place_hold
    );
    auto* scope = group.add_scope(*place);
    scope->add_option("--cluster", group.opt->hold.cluster, "Only of this cluster (its identity)");
    place->add_option("--since", group.opt->hold.since, "From this UTC day of receipt on")
        ->check(a_day);
    place->add_option("--until", group.opt->hold.until, "Up to this day, included")->check(a_day);
    group.add_who(*place);
    auto* lift = group.add(
        "lift", "Takes a hold back", "lift 3 --reason 'case closed' --config falconer.yaml",
        store_user::migrator, lift_hold
    );
    lift->add_option("id", group.opt->hold.id, "Which, as `list` tells")
        ->required()
        ->transform(a_decimal);
    group.add_who(*lift);
    group.add(
        "list", "Shows what is on hold", "list --config falconer.yaml", store_user::reader,
        list_holds
    );
}

}  // namespace

void add_db_keeping_commands(CLI::App& db, int& exit_code) {
    add_period_commands(db, exit_code);
    add_hold_commands(db, exit_code);
    auto  opt   = std::make_shared<keeping_options>();
    auto* audit = db.add_subcommand(
        "audit", "Who changed periods, holds, budgets and revocations, the newest first"
    );
    audit->footer("Example:\n  falconer db audit --data ./falconer-data");
    add_store_options(*audit, opt->where);
    audit->add_option("--limit", opt->limit, "At most so many")
        ->transform(a_decimal)
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    audit->callback([opt, &exit_code] {
        exit_code = with_store(opt->where, store_user::reader, [opt](auto& store, auto&) {
            return show_audit(store, opt);
        });
    });
}

}  // namespace falconer::cli

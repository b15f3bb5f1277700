#include "backup.hpp"

#include "archive.hpp"
#include "backup_session.hpp"
#include "object_io.hpp"
#include "parts.hpp"
#include "schema_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto        patience      = 60s;
constexpr auto        long_work     = std::chrono::hours{24 * 7};
constexpr auto        look_again    = 1s;
constexpr std::size_t manifest_most = 64 << 20;

// Retention's: it takes days away, and writes some anew.
constexpr auto lock_retention = "SELECT pg_try_advisory_lock(7205759403792795)";

// The first question of the transaction makes the snapshot, of which all else is.
constexpr auto moment = R"(
SELECT pg_export_snapshot(), pg_snapshot_xmin(pg_current_snapshot()), system_identifier,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int8,
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(now() AT TIME ZONE 'UTC' - interval '6 days', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       (SELECT max(version) FROM falconer.schema_version), to_char(now(), 'US')
FROM pg_control_system())";

constexpr auto landscapes =
    "SELECT DISTINCT landscape FROM falconer.cluster WHERE landscape IS NOT NULL ORDER BY 1";

constexpr auto days_there = R"(
SELECT to_date(substr(c.relname, 7), 'YYYYMMDD')::text, c.oid,
       EXISTS (SELECT FROM falconer.unrolled_day u WHERE u.day = to_date(substr(c.relname, 7), 'YYYYMMDD'))
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$' ORDER BY 1)";

constexpr auto touched_since =
    "SELECT DISTINCT unnest(days)::text FROM falconer.batch WHERE xid >= $1::xid8";

constexpr auto schema_now = "SELECT max(version) FROM falconer.schema_version";

template <class Number>
Number number_of(std::string_view text) {
    Number n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

std::string without(std::string text, std::string_view what) {
    std::erase_if(text, [&](char c) { return what.find(c) != what.npos; });
    return text;
}

std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& each : names) text += (text.empty() ? "" : ", ") + each;
    return text;
}

/// What is there already, of this backup's predecessors.
struct predecessors {
    std::optional<backup_manifest> last{}, unfinished{};
};

/// One backup under way.
class backup_run {
public:
    backup_run(
        asio::any_io_executor loop, time_source& time, pg_options from, vault& to,
        backup_options how
    )
        : loop_(std::move(loop)), time_(time), from_(std::move(from)), to_(to),
          how_(std::move(how)) {
        from_.settings          += backup_session;
        from_.statement_timeout  = 0ms;  // none
    }

    task<result<backup_report>> all();

private:
    struct day_there {
        std::string day{}, table{};
        bool        uncounted = false;  // has events of no batch
    };

    result<void>                         look_back();
    task<result<void>>                   lock_out_retention();
    task<result<void>>                   begin_moment();
    result<void>                         check_whose();
    task<result<std::vector<day_there>>> ask_days();
    task<result<const backup_day*>>      unchanged(const day_there& day);
    task<result<bool>>                   is_touched(const backup_day& before);
    task<result<backup_object>>          copy(std::string rows, std::string name, std::string what);
    task<result<void>>                   copy_days();
    task<result<void>>                   copy_parts();
    task<result<void>>                   check_schema_still();
    result<void>                         put_down();
    result<void>                         prune();
    std::string                          in_moment(const std::string& statement) const;

    asio::any_io_executor                          loop_;
    time_source&                                   time_;
    pg_options                                     from_;
    vault&                                         to_;
    backup_options                                 how_;
    predecessors                                   before_;
    pg_connection::ptr                             holder_, worker_;
    std::string                                    snapshot_, stamp_, reach_;
    std::uint64_t                                  batches_from_ = 0;
    std::map<std::uint64_t, std::set<std::string>> touched_;  // by what was asked
    std::size_t                                    nth_ = 0, of_ = 0;
    backup_report                                  report_;
};

/// Errors: of a manifest of a newer format. One that is damaged or cannot be read is none.
result<void> backup_run::look_back() {
    const auto look = [&](const char* name, std::optional<backup_manifest>& into) -> result<void> {
        auto text = read_object(to_, name, manifest_most);
        if (!text) return {};
        auto is = parse_manifest(*text);
        if (is)
            into = *std::move(is);
        else if (is.error().code == errc::conflict)
            return std::move(is).error();
        else
            report_.remarks.push_back(std::string(name) + ": " + is.error().detail);
        return {};
    };
    auto last = look(manifest_name, before_.last);
    if (!last) return last;
    auto unfinished = look(unfinished_manifest_name, before_.unfinished);
    if (!unfinished) return unfinished;
    if (!before_.last) report_.remarks.emplace_back("there is no earlier backup: all is copied");
    return {};
}

task<result<void>> backup_run::lock_out_retention() {
    const auto until = time_.now() + how_.patience;
    for (;;) {
        auto held = co_await holder_->query(lock_retention, {}, patience);
        if (!held) co_return std::move(held).error();
        if (held->at(0, 0) == "t") co_return result<void>{};
        if (time_.now() > until)
            co_return failure{
                errc::overloaded,
                "retention or another backup of this store is under way: try again"
            };
        const auto clock = time_.make_bell();
        co_await clock->wait_until(time_.now() + look_again);
    }
}

/// Opens the moment that all is copied of.
task<result<void>> backup_run::begin_moment() {
    auto begun = co_await holder_->query(begin_snapshot, {}, patience);
    if (!begun) co_return std::move(begun).error();
    auto is = co_await holder_->query(moment, {}, patience);
    if (!is) co_return std::move(is).error().while_doing("taking a snapshot");
    auto& made    = report_.manifest;
    snapshot_     = is->at(0, 0);
    batches_from_ = number_of<std::uint64_t>(is->at(0, 1));
    made.system   = is->at(0, 2);
    made.timeline = number_of<std::int64_t>(is->at(0, 3));
    made.made     = is->at(0, 4);
    reach_        = is->at(0, 5);
    made.schema   = number_of<int>(is->at(0, 6));
    made.made_by  = how_.made_by;
    stamp_        = without(made.made, "-:Z");
    std::ranges::transform(stamp_, stamp_.begin(), [](char c) { return c == 'T' ? 't' : c; });
    // The moment's number and its microseconds: two backups of one second write over nothing of
    // each other's, also where no transaction has ended between them.
    stamp_    += "-" + std::to_string(batches_from_) + std::string(is->at(0, 7));
    auto rows  = co_await holder_->query(landscapes, {}, patience);
    if (!rows) co_return std::move(rows).error();
    for (int row = 0; row < rows->size(); ++row) made.landscapes.emplace_back(rows->at(row, 0));
    co_return result<void>{};
}

/// Whether what is there is of this store; of another server of it, it is no use.
result<void> backup_run::check_whose() {
    const auto& ours = report_.manifest;
    for (auto* before : {&before_.last, &before_.unfinished}) {
        if (!*before) continue;
        const auto& theirs = **before;
        const bool  common = std::ranges::any_of(theirs.landscapes, [&](const auto& each) {
            return std::ranges::find(ours.landscapes, each) != ours.landscapes.end();
        });
        if (!common && !theirs.landscapes.empty() && !ours.landscapes.empty())
            return failure{
                errc::conflict, to_.text() + " has a backup of another landscape (" +
                                    list_of(theirs.landscapes) + "); this store is of " +
                                    list_of(ours.landscapes)
            };
        // A server that was set back to an earlier moment gives numbers of transactions once more:
        // neither they nor a number of events say that a day is as it was.
        if (theirs.system == ours.system && theirs.timeline == ours.timeline) continue;
        const bool other = theirs.system != ours.system;
        if (other) how_.prune = false;  // it may be the only one of a second store
        report_.remarks.emplace_back(
            other ? "the earlier backup is of another server: all is copied, nothing is removed"
                  : "a standby was promoted since, or the server set back: all is copied"
        );
        before->reset();
    }
    return {};
}

std::string backup_run::in_moment(const std::string& statement) const {
    return fmt::format(
        "{}; SET TRANSACTION SNAPSHOT '{}'; {}; COMMIT", begin_snapshot, snapshot_, statement
    );
}

task<result<std::vector<backup_run::day_there>>> backup_run::ask_days() {
    auto rows = co_await holder_->query(days_there, {}, patience);
    if (!rows) co_return std::move(rows).error().while_doing("looking which days there are");
    std::vector<day_there> days;
    for (int row = 0; row < rows->size(); ++row)
        days.push_back(
            {std::string(rows->at(row, 0)), std::string(rows->at(row, 1)), rows->at(row, 2) == "t"}
        );
    co_return days;
}

task<result<bool>> backup_run::is_touched(const backup_day& before) {
    auto known = touched_.find(before.batches_from);
    if (known == touched_.end()) {
        pg_connection::params since{std::to_string(before.batches_from)};
        auto rows = co_await holder_->query(touched_since, std::move(since), patience);
        if (!rows) co_return std::move(rows).error().while_doing("looking what is new");
        std::set<std::string> days;
        for (int row = 0; row < rows->size(); ++row) days.emplace(rows->at(row, 0));
        known = touched_.emplace(before.batches_from, std::move(days)).first;
    }
    co_return known->second.contains(before.day);
}

/// The day as it was copied before, if that is still there and nothing has come to the day or gone
/// from it since. Batches say so for a week; before that, and of the day that was under way then,
/// the number of events does.
task<result<const backup_day*>> backup_run::unchanged(const day_there& day) {
    const backup_day* none = nullptr;
    for (const auto* from : {&before_.unfinished, &before_.last}) {
        if (!*from) continue;
        const auto* before = (*from)->find(day.day);
        if (before == nullptr || before->table != day.table || day.uncounted) continue;
        if (!to_.may_have(before->events.name, before->events.bytes)) {
            report_.remarks.push_back(before->events.name + " is gone or cut short: copied anew");
            continue;
        }
        auto touched = co_await is_touched(*before);
        if (!touched) co_return std::move(touched).error();
        if (*touched) continue;
        const bool count = before->as_of < reach_ || day.day >= before->as_of.substr(0, 10);
        if (!count) co_return before;
        auto sql = in_moment(
            "SELECT count(*) FROM falconer.event WHERE received >= '" + day.day +
            "Z' AND received < '" + day.day + "Z'::timestamptz + interval '1 day'"
        );
        auto rows = co_await worker_->run_script(std::move(sql), long_work);
        if (!rows) co_return std::move(rows).error().while_doing("counting " + day.day);
        if (number_of<std::uint64_t>(rows->at(0, 0)) == before->events.rows) co_return before;
    }
    co_return none;
}

/// An object of the rows that `rows` selects; with an empty name if there are none.
task<result<backup_object>> backup_run::copy(std::string rows, std::string name, std::string what) {
    constexpr std::uint64_t show_every = 4096;
    object_maker            out(to_, std::move(name));
    const auto              take = [&](std::string_view row) {
        if (how_.show && out.rows() % show_every == 0)
            how_.show({what, nth_, of_, out.rows(), out.bytes()});
        return out.add(row);
    };
    auto sql    = in_moment("COPY (" + rows + ") TO STDOUT");
    auto copied = co_await worker_->copy_out(std::move(sql), take, long_work);
    if (!copied) co_return std::move(copied).error().while_doing("copying " + what);
    auto made = out.end();
    if (!made) co_return std::move(made).error().while_doing("copying " + what);
    if (!*made) co_return backup_object{};
    report_.rows_copied   += (*made)->rows;
    report_.bytes_written += (*made)->bytes;
    co_return **std::move(made);
}

task<result<void>> backup_run::copy_days() {
    auto days = co_await ask_days();
    if (!days) co_return std::move(days).error();
    of_ = days->size() + backup_parts().size();
    for (const auto& each : *days) {
        ++nth_;
        auto before = co_await unchanged(each);
        if (!before) co_return std::move(before).error();
        backup_day day{each.day, {}, report_.manifest.made, each.table, batches_from_};
        if (*before != nullptr) {
            day.events = (*before)->events;
            ++report_.days_kept;
        } else {
            const auto name = "events-" + without(each.day, "-") + "-" + stamp_ + ".gz";
            auto       made = co_await copy(rows_of_day(each.day, ""), name, each.day);
            if (!made) co_return std::move(made).error();
            if (made->name.empty()) continue;
            day.events = *std::move(made);
            ++report_.days_copied;
        }
        report_.manifest.days.push_back(std::move(day));
        if (*before != nullptr) continue;
        auto noted = write_object(to_, unfinished_manifest_name, text_of(report_.manifest));
        if (!noted) co_return std::move(noted).error();
    }
    co_return result<void>{};
}

task<result<void>> backup_run::copy_parts() {
    for (const auto& each : backup_parts()) {
        ++nth_;
        const auto name = std::string(each.name) + "-" + stamp_ + ".gz";
        auto       made = co_await copy(each.rows, name, each.name);
        if (!made) co_return std::move(made).error();
        if (!made->name.empty()) report_.manifest.parts.emplace(each.name, *std::move(made));
    }
    co_return result<void>{};
}

/// A migration may have written tables anew, in which nothing of our moment is.
task<result<void>> backup_run::check_schema_still() {
    auto rows = co_await worker_->query(schema_now, {}, patience);
    if (!rows) co_return std::move(rows).error();
    if (number_of<int>(rows->at(0, 0)) == report_.manifest.schema) co_return result<void>{};
    co_return failure{errc::conflict, "the store's schema has changed meanwhile: begin anew"};
}

/// From here on it is the backup. Under a name of its own, too: those who cannot replace an object
/// in one step have another one then.
result<void> backup_run::put_down() {
    const auto text  = text_of(report_.manifest);
    auto       dated = write_object(to_, "manifest-" + stamp_ + ".json", text);
    if (!dated) return dated;
    auto kept = write_object(to_, manifest_name, text);
    if (!kept) return kept;
    return to_.remove(unfinished_manifest_name);
}

result<void> backup_run::prune() {
    if (!how_.prune) return {};
    auto there = to_.list();
    if (!there) return std::move(there).error();
    std::set<std::string> named{manifest_name, "manifest-" + stamp_ + ".json"};
    for (const auto& each : report_.manifest.days) named.insert(each.events.name);
    for (const auto& [part, each] : report_.manifest.parts) named.insert(each.name);
    for (const auto& each : *there) {
        if (each.starts_with(archive_prefix)) continue;  // retention's, and the only copy
        if (!is_named_by_backup(each) || named.contains(each)) continue;
        auto gone = to_.remove(each);
        if (!gone) return gone;
        ++report_.removed;
    }
    return {};
}

task<result<backup_report>> backup_run::all() {
    auto known = look_back();
    if (!known) co_return std::move(known).error();
    auto holder = co_await open_checked(loop_, time_, from_);
    if (!holder) co_return std::move(holder).error();
    holder_     = *std::move(holder);
    auto worker = co_await pg_connection::open(loop_, time_, from_);
    if (!worker) co_return std::move(worker).error();
    worker_   = *std::move(worker);
    auto done = co_await lock_out_retention();
    if (done) done = co_await begin_moment();
    if (done) done = check_whose();
    if (done) done = co_await copy_days();
    if (done) done = co_await copy_parts();
    if (done) done = co_await check_schema_still();
    if (done) done = put_down();
    if (done) done = prune();
    if (!done) co_return std::move(done).error();
    co_return std::move(report_);
}

}  // namespace

task<result<backup_report>> take_backup(
    asio::any_io_executor loop, time_source& time, pg_options from, vault& to, backup_options how
) {
    backup_run run(std::move(loop), time, std::move(from), to, std::move(how));
    co_return co_await run.all();
}

}  // namespace falconer::store

#include "pg_event_store.hpp"

#include "durability.hpp"
#include "schema_check.hpp"

#include <charconv>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

// The question for duplicates must stay a look-up by index, whatever the planner thinks of a young
// partition without statistics.
constexpr auto insert_settings =
    " -c standard_conforming_strings=on -c enable_seqscan=off -c enable_hashjoin=off"
    " -c enable_mergejoin=off";

// Quicker than PostgreSQL's own; not every server is built with it.
constexpr auto prefer_lz4 =
    "SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_settings "
    "WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)";

constexpr std::string_view unique_violation = "23505";  // an event is there already
constexpr std::string_view deadlock         = "40P01";  // with a batch of the same events
constexpr std::string_view no_partition     = "23514";  // dropped since we made it
constexpr std::string_view foreign_key      = "23503";  // a dictionary number that is gone
constexpr std::string_view read_only        = "25006";  // no primary, or no longer

/// What a connection is told before its first batch, and asked: whose numbers the dictionary knows.
std::string introduction() {
    return std::string(event_batch::preparation) + ";\n" + prefer_lz4 + ";\n" + dictionary::whose;
}

constexpr auto ensure_day = "SELECT falconer.ensure_day($1::date)";

constexpr int  tries      = 3;
constexpr int  wary_for   = 64;  // batches, after one with a repetition: these come in swarms
constexpr auto days_ahead = 3;

template <class Number>
Number number_of(std::string_view text) {
    Number n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

store_answer answer_in(const pg_rows& rows) {
    store_answer known;
    for (int row = 0; row < rows.size(); ++row) {
        if (!rows.is_null(row, 0))
            known.batch = number_of<std::int64_t>(rows.at(row, 0));
        else
            known.here.push_back(number_of<std::size_t>(rows.at(row, 1)));
    }
    return known;
}

}  // namespace

pg_event_store::pg_event_store(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)), words_(opt_.dictionary_bytes) {
    opt_.postgres.connect_limit  = std::min(opt_.postgres.connect_limit, opt_.insert_limit);
    opt_.postgres.settings      += insert_settings;
    // A spool's batch may take long, and is not to be broken off before we do.
    opt_.postgres.statement_timeout = opt_.insert_limit;
}

task<result<void>> pg_event_store::connect() {
    if (connection_ && connection_->usable()) co_return result<void>{};
    auto opened = co_await open_checked(loop_, time_, opt_.postgres);
    if (!opened) co_return std::move(opened).error();
    auto script   = introduction();
    auto prepared = co_await (*opened)->run_script(std::move(script), opt_.insert_limit);
    if (!prepared) co_return std::move(prepared).error().while_doing("preparing to store");
    auto risks = co_await find_risks(**opened, opt_.postgres);
    if (!risks) co_return std::move(risks).error();
    opt_.postgres.memory->learn_risks(*std::move(risks));
    connection_ = std::move(*opened);
    // A day that has gone meanwhile is made anew when the store misses it.
    words_.stay_with(*prepared);
    days_.clear();
    co_return result<void>{};
}

task<result<void>> pg_event_store::ensure_days(const std::set<std::chrono::sys_days>& days) {
    auto missing = days;
    for (const auto day : days) {
        if (days_.contains(day)) missing.erase(day);
    }
    if (missing.empty()) co_return result<void>{};
    const auto today = std::chrono::floor<std::chrono::days>(time_.utc());
    for (int ahead = 0; ahead <= days_ahead; ++ahead)
        missing.insert(today + std::chrono::days{ahead});
    for (const auto day : missing) {
        pg_connection::params which;
        which.push_back(text_of(event_time_of(day)).substr(0, 10));
        auto made = co_await connection_->query(ensure_day, std::move(which), opt_.insert_limit);
        if (!made) co_return std::move(made).error().while_doing("making a day's partition");
        days_.insert(day);
    }
    co_return result<void>{};
}

task<result<std::vector<stored_as>>> pg_event_store::insert(const record_batch& batch) {
    auto whom = ask_ > 0 ? ask_about::all : ask_about::suspects;
    if (ask_ > 0) --ask_;
    bool elsewhere = false;
    for (int left = tries;; --left) {
        auto next   = next_step::give_up;
        auto stored = co_await insert_once(batch, whom, next);
        // The connection has been given up. Another host may be the one that lets us write.
        const bool standby = !stored && connection_ && connection_->last_refusal() == read_only;
        if (standby && !std::exchange(elsewhere, true)) continue;
        if (stored || next == next_step::give_up) co_return std::move(stored);
        if (left == 1 && next == next_step::try_again) co_return std::move(stored);
        if (left == 1)
            co_return failure{errc::overloaded, stored.error().detail}.while_doing("storing a batch"
            );
        if (next == next_step::ask_and_try_again) whom = ask_about::all;
    }
}

task<result<std::vector<stored_as>>> pg_event_store::insert_once(
    const record_batch& batch, ask_about whom, next_step& next
) {
    auto up = co_await connect();
    if (!up) co_return std::move(up).error();

    const auto now = time_.utc();
    words_.make_room(std::chrono::floor<std::chrono::days>(time_.utc()));
    event_batch work(batch, words_, {now - opt_.oldest_receipt, now + 24h});
    auto        known = co_await words_.resolve(*connection_, work.wanted(), opt_.insert_limit);
    if (!known) co_return std::move(known).error();
    auto ready = co_await ensure_days(work.days());
    if (!ready) co_return std::move(ready).error();

    auto    script = work.script(whom);
    failure why{errc::broken, ""};
    if (work.has_events()) {
        auto meanwhile = [this, &work] { work.prepare_rows(copy_); };
        auto source    = [this, &work](const pg_rows& before) {
            return work.rows(copy_, answer_in(before));
        };
        auto done =
            co_await connection_->run_copy_script(script, meanwhile, source, opt_.insert_limit);
        if (done) co_return work.verdicts();
        why = std::move(done).error();
    } else {
        auto done = co_await connection_->run_script(script, opt_.insert_limit);
        if (done) co_return work.verdicts();
        why = std::move(done).error();
    }
    if (connection_->usable()) next = after_refusal();
    co_return std::move(why).while_doing("storing a batch");
}

pg_event_store::next_step pg_event_store::after_refusal() {
    const auto& state = connection_->last_refusal();
    if (state == unique_violation || state == deadlock) {
        ask_ = wary_for;
        return next_step::ask_and_try_again;
    }
    if (state == no_partition) days_.clear();  // or a CHECK that the batch will never pass
    if (state == foreign_key) words_.forget();
    return state == no_partition || state == foreign_key ? next_step::try_again
                                                         : next_step::give_up;
}

}  // namespace falconer::store

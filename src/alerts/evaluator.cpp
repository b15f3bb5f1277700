#include "evaluator.hpp"

#include "cluster_standings.hpp"
#include "falconer/alerts/rule_text.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;

/// Whoever asks whether alerts stand asks again; so many wait for the next round.
constexpr std::size_t most_standing = 20'000;

}  // namespace

evaluator::evaluator(time_source& time, alert_store& store, metrics_registry& metrics, options opt)
    : time_(time), store_(store), opt_(std::move(opt)),
      read_(metrics.make_counter(
          "falconer_alert_events_total", "Stored events that were matched against alert rules."
      )),
      told_(metrics.make_counter(
          "falconer_alert_notifications_total", "Notifications that were put down for delivery."
      )),
      failures_(metrics.make_counter(
          "falconer_alert_failures_total",
          "Rounds of evaluating alerts that the store did not let through."
      )),
      left_out_(metrics.make_counter(
          "falconer_alert_left_out_total",
          "Events that a threshold did not count, because too much was to be remembered."
      )),
      holds_(metrics.make_gauge(
          "falconer_alert_evaluator", "1: this process evaluates alerts; 0: another one does."
      )),
      alerts_(metrics.make_gauge("falconer_alerts", "Alerts that this process keeps.")),
      behind_(metrics.make_gauge(
          "falconer_alert_behind_seconds",
          "Since the oldest batch was stored that alert rules have not been tried on."
      )) {
    use(std::move(opt_.rules));
}

void evaluator::use(std::vector<alert_rule> operators) {
    for (auto& each : operators) each.id = operators_rule_id(each.name);
    opt_.rules  = std::move(operators);
    stale_      = true;
    hold_again_ = {};
}

std::chrono::milliseconds evaluator::pause_until_next() const {
    if (!engine_) return opt_.stand_by;
    return engine_->rules().asks_for_events() ? opt_.look : opt_.idle_look;
}

const time_zone* evaluator::zone_of(const std::string& name) {
    if (const auto had = zones_.find(name); had != zones_.end()) return &had->second;
    auto zone = time_zone::load(name, opt_.zones);
    if (!zone) {
        log_of("alerts").error(
            "a rule's calendar is taken as UTC zone=\"{}\" reason=\"{}\"", name, zone.error().detail
        );
        return &zones_.emplace(name, time_zone{}).first->second;
    }
    return &zones_.emplace(name, std::move(*zone)).first->second;
}

void evaluator::give_up() {
    engine_.reset();
    standing_.clear();
    hold_again_ = clusters_again_ = {};
    holds_.set(0);
    alerts_.set(0);
    behind_.set(0);
}

bool evaluator::stand(std::vector<alert_standing> these) {
    if (!engine_ || standing_.size() + these.size() > most_standing) return false;
    std::ranges::move(these, std::back_inserter(standing_));
    return true;
}

task<result<void>> evaluator::read_rules(engine& into) {
    auto rules = co_await store_.rules();
    if (!rules) co_return std::move(rules).error();
    auto silences = co_await store_.silences();
    if (!silences) co_return std::move(silences).error();
    rules->insert(rules->end(), opt_.rules.begin(), opt_.rules.end());
    stale_         = false;
    const auto now = time_.utc();
    into.put(std::move(*rules), now, [this](const std::string& name) { return zone_of(name); });
    into.put(std::move(*silences), now);
    co_return result<void>{};
}

task<result<void>> evaluator::load(const alert_hold& from) {
    auto fresh = std::make_unique<engine>();
    auto ready = co_await read_rules(*fresh);
    if (!ready) co_return std::move(ready).error();
    auto rows = co_await store_.rows(opt_.shard);
    if (!rows) co_return std::move(rows).error();
    fresh->load(*rows);
    counted_out_ = 0;
    engine_      = std::move(fresh);
    progress_ = kept_ = from.progress;
    edition_          = from.edition;
    put_again_        = time_.now() + opt_.keep;
    holds_.set(1);
    log_of("alerts").info(
        "evaluating alerts shard={} rules={} alerts={}", opt_.shard, engine_->rules().size(),
        engine_->book().size()
    );
    co_return result<void>{};
}

/// Whether the shard is ours, and what we have of it is what is in the store.
task<result<bool>> evaluator::hold() {
    const auto now = time_.now();
    if (engine_ && now < hold_again_) co_return true;
    auto held = co_await store_.hold(opt_.shard, me_, opt_.lease);
    if (!held) co_return std::move(held).error();
    if (!held->ours) {
        if (engine_)
            log_of("alerts").warn("another process evaluates alerts now shard={}", opt_.shard);
        give_up();
        co_return false;
    }
    if (held->lost)
        log_of("alerts").warn(
            "the store is another server's: events of before are passed over shard={}", opt_.shard
        );
    hold_again_ = now + std::min<steady_time::duration>(opt_.lease / 4, 1s);
    // Where nothing was found we may be ahead of the store; nobody else has put anything down.
    if (engine_ && held->progress.step == progress_.step && !held->lost) {
        if (held->edition == edition_ && !stale_) co_return true;
        auto ready = co_await read_rules(*engine_);
        if (!ready) co_return std::move(ready).error();
        edition_ = held->edition;
        co_return true;
    }
    auto loaded = co_await load(*held);
    if (!loaded) co_return std::move(loaded).error();
    co_return true;
}

task<result<std::vector<event_cell>>> evaluator::wanted(const std::vector<event_cell>& cells) {
    std::vector<event_cell> these, unknown;
    const auto              never_asked = [] { return event_kind{}; };
    for (const auto& each : cells) {
        if (!engine_->knows(each))
            unknown.push_back(each);
        else if (engine_->wants(each, never_asked))
            these.push_back(each);
    }
    if (unknown.empty()) co_return these;
    auto ask   = unknown;
    auto names = co_await store_.names(std::move(ask));
    if (!names) co_return std::move(names).error();
    for (auto& each : *names) {
        event_kind kind{std::move(each.cluster), std::move(each.rule), each.cell.level};
        if (engine_->wants(each.cell, [&] { return kind; })) these.push_back(each.cell);
    }
    co_return these;
}

task<result<void>> evaluator::take(const new_batches& from) {
    auto cells = co_await wanted(from.cells);
    if (!cells) co_return std::move(cells).error();
    if (cells->empty()) co_return result<void>{};
    std::optional<event_mark> after;
    do {
        auto in      = from;
        auto of      = *cells;
        auto portion = co_await store_.events(std::move(in), std::move(of), after);
        if (!portion) co_return std::move(portion).error();
        const auto now = time_.utc();
        for (const auto& each : portion->events) engine_->take(each.cell, each.event, now);
        read_.add(portion->events.size());
        after = portion->next;
    } while (after);
    co_return result<void>{};
}

task<result<void>> evaluator::look_at_clusters() {
    if (time_.now() < clusters_again_ || engine_->rules().of_clusters().empty())
        co_return result<void>{};
    clusters_again_ = time_.now() + opt_.clusters;
    auto seen       = co_await store_.clusters();
    if (!seen) co_return std::move(seen).error();
    const auto now = time_.utc();
    for (const auto& each : standings_of(*engine_, *seen, now)) engine_->stand(each, now);
    co_return result<void>{};
}

/// Whether it was ours to put down.
task<result<bool>> evaluator::put(const new_batches& from) {
    const auto now = time_.utc();
    auto       due = std::exchange(standing_, {});
    for (const auto& each : due) engine_->stand(each, now);
    // While there is more to come, what seems to be over may go on in it.
    if (!from.more) engine_->advance(now);
    auto       tell = engine_->tell(now);
    auto       rows = engine_->rows();
    const auto told = tell.size();
    alerts_.set(static_cast<double>(engine_->book().size()));
    left_out_.add(engine_->book().left_out() - counted_out_);
    counted_out_     = engine_->book().left_out();
    const bool moved = from.till.xid != kept_.xid || from.till.within != kept_.within;
    if (rows.empty() && tell.empty() && (!moved || time_.now() < put_again_)) {
        // Nothing was found there: whoever comes after us may look again.
        progress_.xid    = from.till.xid;
        progress_.within = from.till.within;
        co_return true;
    }
    auto till = from.till;
    auto here = progress_;
    auto done = co_await store_.put(opt_.shard, me_, here, till, std::move(rows), std::move(tell));
    if (!done) co_return std::move(done).error();
    if (!*done) co_return false;
    progress_.xid     = from.till.xid;
    progress_.within  = from.till.within;
    progress_.step   += 1;
    kept_             = progress_;
    put_again_        = time_.now() + opt_.keep;
    told_.add(told);
    co_return true;
}

task<result<new_batches>> evaluator::next() {
    auto from = progress_;
    if (engine_->rules().asks_for_events())
        co_return co_await store_.look(std::move(from), opt_.events);
    co_return co_await store_.pass_over(std::move(from));
}

task<result<bool>> evaluator::once() {
    auto ours = co_await hold();
    if (!ours || !*ours) co_return ours;
    auto found = co_await next();
    if (!found) co_return std::move(found).error();
    behind_.set(static_cast<double>(found->behind.count()));
    auto taken = co_await take(*found);
    if (!taken) co_return std::move(taken).error();
    auto looked = co_await look_at_clusters();
    if (!looked) co_return std::move(looked).error();
    auto done = co_await put(*found);
    if (!done) co_return std::move(done).error();
    if (!*done) {
        log_of("alerts").warn("another process has gone on with alerts shard={}", opt_.shard);
        give_up();
        co_return false;
    }
    co_return found->more;
}

task<void> evaluator::run() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.look;
    for (;;) {
        const auto began = time_.now();
        auto       done  = co_await once();
        if (done) {
            pause = opt_.look;
            if (*done) {
                co_await clock->wait_until(time_.now() + opt_.rest * (time_.now() - began));
                continue;
            }
            auto waited = co_await store_.wait(pause_until_next());
            if (waited) continue;
            done = std::move(waited).error();
        }
        // What it has in memory may be ahead of the store: it is read anew.
        give_up();
        failures_.add();
        if (const auto held = gate_.open(time_.now()))
            log_of("alerts").warn(
                "alerts are not evaluated; events stored wait for it reason=\"{}\" suppressed={}",
                done.error().detail, *held
            );
        co_await clock->wait_until(time_.now() + pause);
        pause = std::min(2 * pause, opt_.longest_pause);
    }
}

task<result<void>> evaluator::release() {
    give_up();
    co_return co_await store_.release(opt_.shard, me_);
}

}  // namespace falconer::alerts

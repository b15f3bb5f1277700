#include "alert_book.hpp"

#include "labels.hpp"
#include "sample.hpp"

#include <algorithm>
#include <utility>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using kind = threshold::kind;

/// From then on an event is late, and a message says so.
constexpr auto late_after = 5min;
/// A sample is renewed no more often: an alert that goes on fast is written down each time.
constexpr auto sample_for  = 10s;
constexpr auto prune_every = 10s;  // windows that have run out
/// Nobody learns for longer what is usual.
constexpr auto longest_learning = std::chrono::seconds{24h};

alert_event event_of(const found_event& event) {
    alert_event is;
    is.at      = event.at;
    is.time    = event.time;
    is.level   = event.level;
    is.cluster = event.cluster;
    is.rule    = event.rule;
    if (event.output) is.output = cut(*event.output, told_output);
    const auto received = event_time_of(event.at.received);
    const auto late     = std::chrono::duration_cast<std::chrono::seconds>(late_after).count();
    is.late             = event.time.seconds + late < received.seconds;
    return is;
}

std::string summary_of(const ready_rule& rule, const label_set& labels) {
    std::string text = rule.text.name;
    for (const auto& [name, is] : labels) {
        text += &name == &labels.begin()->first ? ": " : ", ";
        text += name + '=' + (is.empty() ? "-" : is);
    }
    return cut(text, 512);
}

}  // namespace

kept_alert& alert_book::begin_or_go_on(
    const ready_rule& rule, const label_set& labels, utc_time started, utc_time now
) {
    auto       id    = alert_id(rule.text.id, labels);
    auto&      these = by_rule_[rule.text.id];
    auto       at    = alerts_.find(id);
    const bool full  = these.size() >= most_alerts || alerts_.size() >= most_of_all;
    if (at == alerts_.end() && full && !labels.empty())
        return begin_or_go_on(rule, {}, started, now);
    if (at == alerts_.end()) {
        kept_alert fresh;
        fresh.is.id      = id;
        fresh.is.labels  = labels;
        fresh.is.started = started;
        at               = alerts_.emplace(id, std::move(fresh)).first;
        these.insert(id);
    }
    auto& alert      = at->second;
    alert.project    = rule.text.project;
    alert.is.rule    = rule.text.name;
    alert.is.rule_id = rule.text.id;
    alert.is.level   = rule.text.level;
    alert.is.runbook = rule.text.runbook;
    alert.is.summary = summary_of(rule, labels);
    alert.is.ended.reset();
    alert.touched = now;
    changes_.add(alert_row::kind::alert, id, rule.text.id);
    return alert;
}

bool alert_book::is_enough(
    const ready_rule& rule, const uuid& id, const found_event& event, const filter::subject& in,
    utc_time now
) {
    if (rule.text.when.how == kind::each) return true;
    auto at = windows_.find(id);
    if (at == windows_.end()) {
        auto& many = windows_of_[rule.text.id];
        if (many >= most_windows || windows_.size() >= most_of_all) {
            ++left_out_;
            return false;
        }
        ++many;
        watched fresh{rule.text.id, event_window(rule.text.when)};
        // What it is about is nothing new because the rule is.
        fresh.window.learn_until(now + std::min(rule.text.when.window, longest_learning));
        at = windows_.emplace(id, std::move(fresh)).first;
    }
    changes_.add(alert_row::kind::window, id, rule.text.id);
    const auto what = rule.text.when.how == kind::count
                          ? std::string()
                          : field_text(rule.text.when.of, in).value_or("");
    return at->second.window.add(event.at.received, what);
}

const kept_alert* alert_book::take(
    const ready_rule& rule, const found_event& event, const filter::subject& in, utc_time now
) {
    const auto labels = labels_of(rule, in);
    const auto id     = alert_id(rule.text.id, labels);
    const auto known  = alerts_.find(id);
    const bool goes_on =
        known != alerts_.end() && known->second.active() && rule.text.when.how != kind::first_seen;
    if (!is_enough(rule, id, event, in, now) && !goes_on) return nullptr;
    const auto received  = event.at.received;
    auto&      alert     = begin_or_go_on(rule, labels, received, now);
    alert.is.started     = std::min(alert.is.started, received);
    alert.is.last        = std::max(alert.is.last, received);
    alert.is.count      += 1;
    if (!alert.is.most_urgent || event.level < *alert.is.most_urgent)
        alert.is.most_urgent = event.level;
    alert.is.events.insert(alert.is.events.begin(), event_of(event));
    if (alert.is.events.size() > most_told_events) alert.is.events.pop_back();
    if (!alert.sample || now - alert.sampled >= sample_for) {
        alert.sample  = sample_of(event);
        alert.sampled = now;
    }
    return &alert;
}

const kept_alert* alert_book::stand(
    const ready_rule& rule, const alert_standing& as, utc_time now
) {
    const auto known = alerts_.find(alert_id(rule.text.id, as.labels));
    if (as.ended && (known == alerts_.end() || !known->second.active())) return nullptr;
    if (!as.ended && known != alerts_.end() && known->second.active() &&
        known->second.is.summary == as.summary)
        return nullptr;  // told already
    const auto said =
        as.summary.empty() && known != alerts_.end() ? known->second.is.summary : as.summary;
    auto& alert      = begin_or_go_on(rule, as.labels, as.since, now);
    alert.stands     = true;
    alert.is.summary = said;
    alert.is.last    = as.ended.value_or(now);
    alert.is.count   = std::max<std::uint64_t>(alert.is.count, 1);
    alert.is.ended   = as.ended;
    found_event sample;
    sample.cluster       = as.cluster;
    sample.output_fields = "{}";
    alert.sample         = std::move(sample);
    return &alert;
}

bool alert_book::has_ended(const kept_alert& alert, const ready_rule& rule, utc_time now) const {
    if (alert.stands) return false;
    const auto how = rule.text.when.how;
    if (how == kind::count || how == kind::distinct) {
        const auto window = windows_.find(alert.is.id);
        return window == windows_.end() || !window->second.window.is_enough(now);
    }
    return now - alert.touched >= rule.text.quiet;
}

std::vector<uuid> alert_book::advance(const rule_set& rules, utc_time now) {
    std::vector<uuid> ended;
    for (auto& [id, alert] : alerts_) {
        const auto* rule = rules.find(alert.is.rule_id);
        if (rule == nullptr || !alert.active() || !has_ended(alert, *rule, now)) continue;
        alert.is.ended = now;
        changes_.add(alert_row::kind::alert, id, alert.is.rule_id);
        ended.push_back(id);
    }
    if (now - pruned_ >= prune_every) {
        pruned_ = now;
        for (auto at = windows_.begin(); at != windows_.end();) {
            if (at->second.window.prune(now))
                forget_window(at);
            else
                ++at;
        }
    }
    return ended;
}

/// Leaves `at` at the next one.
void alert_book::forget_window(std::map<uuid, watched>::iterator& at) {
    changes_.add(alert_row::kind::window, at->first, at->second.rule);
    --windows_of_[at->second.rule];
    at = windows_.erase(at);
}

void alert_book::erase(const uuid& alert) {
    const auto at = alerts_.find(alert);
    if (at == alerts_.end()) return;
    changes_.add(alert_row::kind::alert, alert, at->second.is.rule_id);
    by_rule_[at->second.is.rule_id].erase(alert);
    alerts_.erase(at);
}

void alert_book::drop_others(const rule_set& rules) {
    std::vector<uuid> gone;
    for (const auto& [id, alert] : alerts_)
        if (rules.find(alert.is.rule_id) == nullptr) gone.push_back(id);
    for (const auto& id : gone) erase(id);
    for (auto at = windows_.begin(); at != windows_.end();) {
        if (rules.find(at->second.rule) == nullptr)
            forget_window(at);
        else
            ++at;
    }
}

const kept_alert* alert_book::find(const uuid& id) const {
    const auto at = alerts_.find(id);
    return at == alerts_.end() ? nullptr : &at->second;
}

std::vector<const kept_alert*> alert_book::standing(const uuid& rule) const {
    std::vector<const kept_alert*> these;
    const auto                     of = by_rule_.find(rule);
    if (of == by_rule_.end()) return these;
    for (const auto& id : of->second) {
        const auto* alert = find(id);
        if (alert != nullptr && alert->active() && alert->stands) these.push_back(alert);
    }
    return these;
}

bool alert_book::has_active(const uuid& rule, const label_set& with) const {
    const auto these = by_rule_.find(rule);
    if (these == by_rule_.end()) return false;
    const auto fits = [&](const kept_alert& alert) {
        return alert.active() && std::ranges::all_of(with, [&](const auto& wanted) {
                   const auto is = alert.is.labels.find(wanted.first);
                   return (is == alert.is.labels.end() ? std::string() : is->second) ==
                          wanted.second;
               });
    };
    return std::ranges::any_of(these->second, [&](const uuid& id) { return fits(alerts_.at(id)); });
}

void alert_book::load(const alert_row& row, const rule_set& rules) {
    if (!row.body) return;
    const auto read = parse_json(*row.body);
    if (!read) return;
    if (row.is == alert_row::kind::window) {
        const auto* rule = rules.find(row.rule);
        if (rule == nullptr) {  // gone: whoever drops it must know of it
            windows_.emplace(row.id, watched{row.rule, {}});
        } else {
            watched had{row.rule, event_window(rule->text.when)};
            had.window.put(*read);
            windows_.emplace(row.id, std::move(had));
        }
        ++windows_of_[row.rule];
        return;
    }
    const auto moment = [&](std::string_view key) {
        const auto* is = read->find(key);
        return utc_time{std::chrono::microseconds{is == nullptr ? 0 : is->integer().value_or(0)}};
    };
    kept_alert alert;
    if (const auto* is = read->find("alert")) alert.is = told_alert_of(*is);
    alert.project = read->text_at({"project"});
    alert.touched = moment("touched");
    alert.stands  = read->find("stands") != nullptr;
    if (const auto* is = read->find("sample")) alert.sample = sample_in(*is);
    alert.is.rule_id = row.rule;
    by_rule_[row.rule].insert(row.id);
    alerts_.emplace(row.id, std::move(alert));
}

std::optional<std::string> alert_book::body_of(alert_row::kind is, const uuid& id) const {
    if (is == alert_row::kind::window) {
        const auto at = windows_.find(id);
        if (at == windows_.end()) return std::nullopt;
        return json_text(at->second.window.value_of());
    }
    const auto* alert = find(id);
    if (alert == nullptr) return std::nullopt;
    value body      = value::map();
    body["project"] = alert->project;
    body["alert"]   = value_of(alert->is);
    body["touched"] =
        std::chrono::floor<std::chrono::microseconds>(alert->touched).time_since_epoch().count();
    if (alert->stands) body["stands"] = true;
    if (alert->sample) body["sample"] = value_of_sample(*alert->sample);
    return json_text(body);
}

}  // namespace falconer::alerts

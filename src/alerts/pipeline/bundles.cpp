#include "bundles.hpp"

#include "labels.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;

/// What is hushed is looked at again so often: a silence or a mute may have ended.
constexpr auto look_again = std::chrono::seconds{60};

std::string counted(std::size_t n, std::string_view one) {
    return std::to_string(n) + ' ' + std::string(one) + (n == 1 ? "" : "s");
}

}  // namespace

void bundles::note(const kept_alert& alert, const ready_rule& rule, utc_time now) {
    label_set labels;
    for (const auto& name : rule.text.bundle_by) {
        const auto is = alert.is.labels.find(name);
        labels[name]  = is == alert.is.labels.end() ? std::string() : is->second;
    }
    for (const auto& receiver : rule.text.receivers) {
        const auto id    = bundle_id(rule.text.id, receiver, labels);
        auto       at    = all_.find(id);
        const bool fresh = at == all_.end();
        if (fresh && !alert.active()) continue;
        if (fresh) {
            bundle one;
            one.rule     = rule.text.id;
            one.born     = now;
            one.receiver = receiver;
            one.labels   = labels;
            at           = all_.emplace(id, std::move(one)).first;
        }
        auto&      to     = at->second;
        const auto member = to.members.find(alert.is.id);
        const bool there  = member != to.members.end();
        if (!there && !alert.active()) continue;
        if (there && alert.active()) continue;  // it goes on, as the receiver knows or will know
        if (!there) add(to, alert.is.id, false);
        const auto waited = now + rule.text.wait;
        const auto soon =
            to.number == 0 ? waited : std::max(waited, to.told_at + rule.text.interval);
        to.due = std::min(to.due, soon);
        changes_.add(alert_row::kind::bundle, id, to.rule);
    }
}

bundles::sorted bundles::sort(
    const bundle& of, const ready_rule& rule, const alert_book& book, const rule_set& rules,
    const silence_set& silences, utc_time now
) const {
    sorted it;
    for (const auto& [id, knows] : of.members) {
        const auto* alert = book.find(id);
        if (alert == nullptr) {
            it.gone.push_back(id);
            continue;
        }
        const bool over = !alert->active();
        if (over && knows && !rule.text.tell_resolved) {
            it.gone.push_back(id);
            continue;
        }
        // That it is over is told to whoever knows of it, whatever hushes it now.
        const bool hushed =
            !(over && knows) && hush_of(*alert, rule, rules, book, silences, now) != hush::none;
        if (hushed && over) {
            it.gone.push_back(id);
        } else if (hushed) {
            it.hushed = true;
        } else if (over && knows) {
            it.over.push_back(alert);
        } else {
            (knows ? it.known : it.fresh).push_back(alert);
        }
    }
    return it;
}

notification bundles::made_of(
    const uuid& id, bundle& of, const ready_rule& rule, const sorted& what, bool repeated,
    utc_time now
) const {
    notification one;
    one.group                          = id;
    one.number                         = of.number;
    one.key                            = notification_key(id, of.born, of.number);
    one.receiver                       = of.receiver;
    one.project                        = rule.text.project;
    one.labels                         = of.labels;
    one.level                          = rule.text.level;
    one.resolved                       = what.fresh.empty() && what.known.empty();
    one.repeated                       = repeated;
    one.made                           = now;
    std::vector<const kept_alert*> all = what.fresh;
    all.insert(all.end(), what.known.begin(), what.known.end());
    all.insert(all.end(), what.over.begin(), what.over.end());
    // What is new first, whatever there is no room for.
    const auto new_ones = static_cast<std::ptrdiff_t>(what.fresh.size());
    const auto later    = [](const kept_alert* a, const kept_alert* b) {
        return std::pair{a->is.last, a->is.id} > std::pair{b->is.last, b->is.id};
    };
    std::sort(all.begin(), all.begin() + new_ones, later);
    std::sort(all.begin() + new_ones, all.end(), later);
    const std::set<const kept_alert*> begun(what.fresh.begin(), what.fresh.end());
    for (const auto* each : all) {
        if (one.alerts.size() == most_told_alerts) {
            ++one.left_out;
            continue;
        }
        one.alerts.push_back(each->is);
        // It is new to them: first it is there, then it is over.
        if (begun.contains(each)) one.alerts.back().ended.reset();
    }
    const auto firing = what.fresh.size() + what.known.size();
    if (one.resolved)
        one.title = rule.text.name + ": " + counted(what.over.size(), "alert") + " resolved";
    else if (firing == 1)
        one.title = all.front()->is.summary;
    else
        one.title = rule.text.name + ": " + counted(firing, "alert");
    one.title = cut(one.title, 512);
    return one;
}

utc_time bundles::next_of(
    const bundle& of, const ready_rule& rule, const sorted& what, bool told, utc_time now
) const {
    auto next = utc_time::max();
    if (what.hushed) next = now + std::min<std::chrono::seconds>(rule.text.interval, look_again);
    if (of.members.empty()) return next;
    if (told || !what.known.empty()) next = std::min(next, of.told_at + rule.text.repeat);
    return next;
}

std::vector<notification> bundles::tell(
    alert_book& book, const rule_set& rules, const silence_set& silences, utc_time now
) {
    std::vector<notification> told;
    std::set<uuid>            left;  // alerts
    for (auto at = all_.begin(); at != all_.end();) {
        auto& [id, of]   = *at;
        const auto* rule = rules.find(of.rule);
        if (of.due > now || rule == nullptr) {
            ++at;
            continue;
        }
        changes_.add(alert_row::kind::bundle, id, of.rule);
        const auto what  = sort(of, *rule, book, rules, silences, now);
        const bool news  = !what.fresh.empty() || !what.over.empty();
        const bool again = !news && !what.known.empty() && now >= of.told_at + rule->text.repeat;
        if (news || again) {
            ++of.number;
            told.push_back(made_of(id, of, *rule, what, again, now));
            of.told_at = now;
        }
        for (const auto* each : what.over) left.insert(each->is.id);
        left.insert(what.gone.begin(), what.gone.end());
        settle(of, *rule, what, news || again, now);
        if (of.members.empty() && now >= of.told_at + rule->text.interval)
            at = all_.erase(at);
        else
            ++at;
    }
    for (const auto& each : left) {
        const auto* alert = book.find(each);
        if (alert != nullptr && !alert->active() && !wants(each)) book.erase(each);
    }
    return told;
}

void bundles::settle(
    bundle& of, const ready_rule& rule, const sorted& what, bool told, utc_time now
) {
    bool ends_soon = false;
    for (const auto* each : what.fresh) {
        of.members[each->is.id] = true;
        ends_soon               = ends_soon || !each->active();
    }
    for (const auto* each : what.over) remove(of, each->is.id);
    for (const auto& gone : what.gone) remove(of, gone);
    of.due = next_of(of, rule, what, told, now);
    if (ends_soon) of.due = std::min(of.due, now + rule.text.interval);
    if (of.members.empty())
        of.due = of.told_at + rule.text.interval;  // it knows when it spoke last
}

void bundles::add(bundle& to, const uuid& alert, bool knows) {
    if (to.members.emplace(alert, knows).second) ++held_[alert];
}

void bundles::remove(bundle& from, const uuid& alert) {
    if (from.members.erase(alert) == 0) return;
    const auto at = held_.find(alert);
    if (at != held_.end() && --at->second == 0) held_.erase(at);
}

utc_time bundles::next_due() const {
    auto next = utc_time::max();
    for (const auto& [id, each] : all_) next = std::min(next, each.due);
    return next;
}

void bundles::drop_others(const rule_set& rules) {
    for (auto at = all_.begin(); at != all_.end();) {
        const auto* rule = rules.find(at->second.rule);
        if (rule != nullptr && std::ranges::find(rule->text.receivers, at->second.receiver) !=
                                   rule->text.receivers.end()) {
            ++at;
            continue;
        }
        changes_.add(alert_row::kind::bundle, at->first, at->second.rule);
        const auto members = at->second.members;
        for (const auto& [alert, knows] : members) remove(at->second, alert);
        at = all_.erase(at);
    }
}

void bundles::load(const alert_row& row) {
    if (!row.body) return;
    const auto read = parse_json(*row.body);
    if (!read) return;
    const auto number = [&](std::string_view key) {
        const auto* is = read->find(key);
        return is == nullptr ? 0 : is->integer().value_or(0);
    };
    const auto moment = [&](std::string_view key) {
        return utc_time{std::chrono::microseconds{number(key)}};
    };
    bundle of;
    of.rule     = row.rule;
    of.receiver = read->text_at({"receiver"});
    of.number   = number("number");
    of.told_at  = moment("told");
    of.born     = moment("born");
    if (read->find("due") != nullptr) of.due = moment("due");
    if (const auto* labels = read->find("labels"))
        for (const auto& each : labels->entries())
            if (const auto* text = each.is.text()) of.labels.emplace(each.key, *text);
    if (const auto* members = read->find("members"))
        for (const auto& each : members->entries())
            if (const auto id = uuid::parse(each.key))
                add(of, *id, each.is.boolean().value_or(false));
    all_.emplace(row.id, std::move(of));
}

std::optional<std::string> bundles::body_of(const uuid& id) const {
    const auto at = all_.find(id);
    if (at == all_.end()) return std::nullopt;
    const auto& of     = at->second;
    const auto  micros = [](utc_time t) {
        return std::chrono::floor<std::chrono::microseconds>(t).time_since_epoch().count();
    };
    value body = value::map(), labels = value::map(), members = value::map();
    for (const auto& [name, text] : of.labels) labels.add(name, text);
    for (const auto& [alert, knows] : of.members) members.add(alert.text(), knows);
    body["receiver"] = of.receiver;
    body["labels"]   = std::move(labels);
    body["number"]   = of.number;
    body["told"]     = micros(of.told_at);
    body["born"]     = micros(of.born);
    if (of.due != utc_time::max()) body["due"] = micros(of.due);
    body["members"] = std::move(members);
    return json_text(body);
}

}  // namespace falconer::alerts

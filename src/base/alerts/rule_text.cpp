#include "falconer/alerts/rule_text.hpp"

#include "calendar_text.hpp"
#include "falconer/duration.hpp"
#include "falconer/sha256.hpp"
#include "falconer/utf8.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr std::size_t longest_text     = 1024;  // characters
constexpr std::size_t most_inhibitions = 16;

bool is_web_address(std::string_view text) {
    const bool web = text.starts_with("https://") || text.starts_with("http://");
    return web && text.size() <= 2048 &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c != 0x7F; });
}

void read_seconds(
    field_reader& in, std::string_view key, seconds& into, seconds least, seconds most
) {
    std::string text;
    in.read(key, text);
    if (text.empty()) return;
    const auto is = parse_duration(text);
    if (!is || *is < least || *is > most || *is % 1s != 0ns)
        return in.expected(
            key, "whole seconds from " + duration_text(least) + " to " + duration_text(most)
        );
    into = std::chrono::duration_cast<seconds>(*is);
}

void read_line(field_reader& in, std::string_view key, std::string& into) {
    in.read(key, into);
    if (code_points(into) > longest_text)
        in.complain(key, "longer than " + std::to_string(longest_text) + " characters");
}

void read_clusters(field_reader& in, alert_rule& into) {
    std::vector<std::string> states;
    in.read("states", states);
    for (const auto& each : states) {
        const auto is = cluster_health_of(each);
        if (!is || *is == cluster_health::healthy)
            in.complain("states", "'" + each + "' is none of late, silent, blind");
        else if (std::ranges::find(into.states, *is) == into.states.end())
            into.states.push_back(*is);
    }
    if (states.empty()) in.complain("states", "is needed");
    read_seconds(in, "for", into.lasting, 0s, 24h);
}

void read_threshold(field_reader& in, alert_rule& into) {
    using kind         = threshold::kind;
    auto&        when  = into.when;
    std::int64_t count = 0, at_least = 0;
    std::string  distinct, first;
    in.read("count", count);
    in.read("distinct", distinct);
    in.read("atLeast", at_least);
    in.read("firstSeen", first);
    const int said = (in.find("count") != nullptr ? 1 : 0) + (distinct.empty() ? 0 : 1) +
                     (first.empty() ? 0 : 1);
    if (said != 1) in.complain("count", "exactly one of count, distinct and firstSeen is needed");
    const bool rare = !first.empty();
    read_seconds(
        in, "within", when.window, rare ? seconds(24h) : 1s,
        rare ? seconds(longest_first_seen) : seconds(longest_window)
    );
    if (in.find("within") == nullptr) in.complain("within", "is needed");
    if (in.find("atLeast") != nullptr && distinct.empty())
        in.complain("atLeast", "belongs to distinct");
    const auto number = [&](std::string_view key, std::int64_t is) {
        if (is < 2 || is > 1'000'000) return in.expected(key, "a number from 2 to 1000000");
        when.at_least = static_cast<std::uint64_t>(is);
    };
    if (rare) {
        when.how = kind::first_seen;
        when.of  = filter::field_of(first);
    } else if (!distinct.empty()) {
        when.how = kind::distinct;
        when.of  = filter::field_of(distinct);
        number("atLeast", at_least);
        if (at_least > 1000) in.complain("atLeast", "at most 1000 values are told apart");
    } else {
        when.how = kind::count;
        number("count", count);
    }
}

void read_inhibitions(field_reader& in, alert_rule& into) {
    in.each("inhibitedBy", [&](const value& item, const std::string& path) {
        inhibition   one;
        field_reader of(item, path, in.problems());
        of.read("rules", one.rules);
        of.read("equal", one.equal);
        if (one.rules.empty()) of.complain("rules", "is needed");
        for (const auto& label : one.equal)
            if (std::ranges::find(into.group_by, label) == into.group_by.end())
                of.complain("equal", "'" + label + "' is not in groupBy");
        into.inhibited_by.push_back(std::move(one));
    });
    if (into.inhibited_by.size() > most_inhibitions)
        in.complain("inhibitedBy", "at most " + std::to_string(most_inhibitions));
}

void read_groups(field_reader& in, alert_rule& into) {
    in.read("groupBy", into.group_by);
    in.read("bundleBy", into.bundle_by);
    if (into.group_by.size() > most_group_fields)
        in.complain("groupBy", "at most " + std::to_string(most_group_fields) + " fields");
    std::set<std::string> there;
    for (const auto& each : into.group_by)
        if (each.empty() || !there.insert(each).second)
            in.complain("groupBy", each.empty() ? "an empty name" : "'" + each + "' again");
    for (const auto& each : into.bundle_by)
        if (!there.contains(each)) in.complain("bundleBy", "'" + each + "' is not in groupBy");
}

/// A rule stands for as long as it stands: when it holds is its calendar's to say.
struct time_seeker {
    bool of(const filter::node& what) const { return std::visit(*this, what.is); }

    bool operator()(const filter::all_of& all) const { return any(all.of); }
    bool operator()(const filter::any_of& all) const { return any(all.of); }
    bool operator()(const filter::none_of& none) const { return of(*none.of); }
    bool operator()(const filter::time_test&) const { return true; }
    bool operator()(const auto&) const { return false; }
    bool any(const std::vector<filter::node_ptr>& all) const {
        return std::ranges::any_of(all, [&](const filter::node_ptr& each) { return of(*each); });
    }
};

void check_filter(field_reader& in, const alert_rule& rule, utc_time now) {
    const auto parsed = filter::parse(rule.what, now);
    if (const auto* good = std::get_if<filter::node_ptr>(&parsed); good != nullptr && *good)
        if (time_seeker{}.of(**good))
            in.complain("filter", "time and received have no place here; see calendar");
    if (const auto* wrong = std::get_if<filter::mistake>(&parsed))
        in.complain("filter", "column " + std::to_string(wrong->column) + ": " + wrong->what);
}

void read_identity(field_reader& in, alert_rule& rule) {
    in.read_needed("name", rule.name);
    if (code_points(rule.name) > longest_rule_name)
        in.complain("name", "longer than " + std::to_string(longest_rule_name) + " characters");
    if (std::ranges::any_of(rule.name, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
        in.complain("name", "has control characters");
    in.read("enabled", rule.enabled);
    read_line(in, "description", rule.description);
    read_line(in, "owner", rule.owner);
    in.read("runbook", rule.runbook);
    if (!rule.runbook.empty() && !is_web_address(rule.runbook))
        in.expected("runbook", "an address that begins with https:// or http://");
}

void put(value& into, std::string_view key, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    value list = value::list();
    for (const auto& each : texts) list.push_back(each);
    into[key] = std::move(list);
}

void put(value& into, std::string_view key, std::string_view text) {
    if (!text.empty()) into[key] = text;
}

value value_of(const threshold& when) {
    value is = value::map();
    switch (when.how) {
        case threshold::kind::each: break;
        case threshold::kind::count: is["count"] = static_cast<std::int64_t>(when.at_least); break;
        case threshold::kind::distinct:
            is["distinct"] = filter::name_of(when.of);
            is["atLeast"]  = static_cast<std::int64_t>(when.at_least);
            break;
        case threshold::kind::first_seen: is["firstSeen"] = filter::name_of(when.of); break;
    }
    is["within"] = duration_text(when.window);
    return is;
}

}  // namespace

alert_rule rule_of(
    const value& is, const std::string& path, utc_time now, field_problems& problems
) {
    alert_rule   rule;
    field_reader in(is, path, problems);
    read_identity(in, rule);
    in.read("filter", rule.what);
    in.in("clusters", [&](field_reader& of) { read_clusters(of, rule); });
    in.in("threshold", [&](field_reader& of) { read_threshold(of, rule); });
    const bool of_events = in.find("clusters") == nullptr;
    if (of_events && rule.what.empty()) in.complain("filter", "is needed");
    if (!of_events && in.find("threshold") != nullptr)
        in.complain("threshold", "is of events; this rule is of clusters");
    check_filter(in, rule, now);
    in.read("testEvents", rule.tests_too);
    read_groups(in, rule);
    std::string level;
    in.read("severity", level);
    if (const auto known = severity_of(level))
        rule.level = *known;
    else if (in.find("severity") != nullptr)
        in.expected("severity", "one of critical, error, warning, info");
    in.read("receivers", rule.receivers);
    if (rule.receivers.size() > most_receivers)
        in.complain("receivers", "at most " + std::to_string(most_receivers));
    read_seconds(in, "wait", rule.wait, 0s, 1h);
    read_seconds(in, "interval", rule.interval, 1s, 24h);
    read_seconds(in, "repeat", rule.repeat, 1min, 24h * 31);
    read_seconds(in, "quiet", rule.quiet, 1s, 24h);
    if (rule.repeat < rule.interval) in.complain("repeat", "is shorter than interval");
    rule.tell_resolved = rule.when.how == threshold::kind::count ||
                         rule.when.how == threshold::kind::distinct || !of_events;
    in.read("tellResolved", rule.tell_resolved);
    in.in("calendar", [&](field_reader& of) { read_calendar(of, rule.times); });
    read_inhibitions(in, rule);
    return rule;
}

std::vector<alert_rule> rules_of(
    const value& list, const std::string& path, utc_time now, field_problems& problems
) {
    std::vector<alert_rule> rules;
    if (!list.is_list() && !list.is_null())
        problems.push_back({path, "expected a list, found " + described(list), list.line()});
    std::set<std::string> names;
    for (std::size_t i = 0; i < list.items().size(); ++i) {
        const auto where = path + '[' + std::to_string(i) + ']';
        auto       rule  = rule_of(list.items()[i], where, now, problems);
        if (!rule.name.empty() && !names.insert(rule.name).second)
            problems.push_back(
                {where + ".name", "'" + rule.name + "' again", list.items()[i].line()}
            );
        rules.push_back(std::move(rule));
    }
    return rules;
}

value value_of(const alert_rule& rule) {
    const alert_rule usual;
    value            is = value::map();
    is["name"]          = rule.name;
    if (!rule.enabled) is["enabled"] = false;
    put(is, "description", rule.description);
    put(is, "owner", rule.owner);
    put(is, "runbook", rule.runbook);
    put(is, "filter", rule.what);
    if (!rule.is_of_events()) {
        std::vector<std::string> states;
        for (const auto each : rule.states) states.emplace_back(name_of(each));
        value clusters = value::map();
        put(clusters, "states", states);
        if (rule.lasting != 0s) clusters["for"] = duration_text(rule.lasting);
        is["clusters"] = std::move(clusters);
    }
    if (rule.when.how != threshold::kind::each) is["threshold"] = value_of(rule.when);
    if (rule.tests_too) is["testEvents"] = true;
    put(is, "groupBy", rule.group_by);
    put(is, "bundleBy", rule.bundle_by);
    if (rule.level != usual.level) is["severity"] = name_of(rule.level);
    put(is, "receivers", rule.receivers);
    if (rule.wait != usual.wait) is["wait"] = duration_text(rule.wait);
    if (rule.interval != usual.interval) is["interval"] = duration_text(rule.interval);
    if (rule.repeat != usual.repeat) is["repeat"] = duration_text(rule.repeat);
    if (rule.quiet != usual.quiet) is["quiet"] = duration_text(rule.quiet);
    is["tellResolved"] = rule.tell_resolved;
    if (auto times = value_of(rule.times); !times.entries().empty())
        is["calendar"] = std::move(times);
    for (const auto& each : rule.inhibited_by) {
        value one = value::map();
        put(one, "rules", each.rules);
        put(one, "equal", each.equal);
        is["inhibitedBy"].push_back(std::move(one));
    }
    return is;
}

uuid operators_rule_id(std::string_view name) {
    return uuid::from_digest(sha256("operators' rule:" + std::string(name)));
}

}  // namespace falconer::alerts

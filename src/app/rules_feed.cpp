#include "rules_feed.hpp"

#include "falconer/log.hpp"

#include <algorithm>
#include <utility>

namespace falconer::app {

rules_feed::rules_feed(
    time_source& time, metrics_registry& metrics, rules_feed_options opt, source_maker source,
    neighbours around
)
    : time_(time), opt_(std::move(opt)), source_(std::move(source)), around_(std::move(around)),
      shelf_(opt_.cache),
      pulled_(metrics.make_counter(
          "falconer_rules_pulls_total", "Pulls of a version of rules, by how they ended",
          {{"outcome", "done"}}
      )),
      failures_(metrics.make_counter(
          "falconer_rules_pulls_total", "Pulls of a version of rules, by how they ended",
          {{"outcome", "failed"}}
      )),
      missing_(metrics.make_gauge(
          "falconer_rules_missing_versions",
          "Versions of rules that a FalcoProfile names and that are not there, or not all of them"
      )),
      bell_(time.make_bell()) {}

falco::rule_catalogue rules_feed::cached() {
    falco::rule_catalogue all;
    for (const auto& version : shelf_.versions()) {
        auto there = shelf_.look(version);
        if (there.is == oci::rules_shelf::state::whole &&
            !oci::meets_pins(there.rules.record, wish_for(version))) {
            there.is  = oci::rules_shelf::state::damaged;
            there.why = "it is not what it is pinned to";
        }
        if (there.is == oci::rules_shelf::state::whole) {
            known_.insert(version);
            all.emplace(version, std::move(there.rules.files));
        } else {
            log_of("rules").warn(
                "rules in the cache are left out version={} reason=\"{}\"", version, there.why
            );
        }
    }
    return all;
}

oci::rules_wish rules_feed::wish_for(const std::string& version) const {
    return {.version = version, .artifacts = opt_.artifacts, .pins = opt_.pins};
}

task<void> rules_feed::run() {
    for (;;) {
        co_await round();
        co_await bell_->wait_until(next(around_.wanted()));
    }
}

/// When somebody has to look again, if nobody says so earlier.
steady_time rules_feed::next(const std::set<std::string>& wanted) const {
    auto earliest = time_.now() + opt_.every;
    for (const auto& version : wanted) {
        const auto at = tried_.find(version);
        if (at == tried_.end()) return time_.now();
        if (!at->second.whole) earliest = std::min(earliest, at->second.due);
    }
    return earliest;
}

task<void> rules_feed::round() {
    std::vector<std::string> due;
    for (const auto& version : around_.wanted())
        if (const auto& one = tried_[version]; !one.whole && one.due <= time_.now())
            due.push_back(version);
    if (!due.empty()) {
        auto source = source_();
        for (const auto& version : due) {
            if (!source) {
                failed(version, source.error());
                continue;
            }
            co_await pull(**source, version);
        }
    }
    const auto wanted = around_.wanted();
    missing_.set(static_cast<double>(std::ranges::count_if(wanted, [this](const auto& version) {
        const auto at = tried_.find(version);
        return at == tried_.end() || !at->second.whole;
    })));
}

task<void> rules_feed::pull(oci::rules_source& from, std::string version) {
    auto work = oci::pull_to_shelf(from, shelf_, wish_for(version));
    auto got  = co_await std::move(work);
    if (got)
        succeeded(version, std::move(*got));
    else
        failed(version, got.error());
}

void rules_feed::failed(const std::string& version, const failure& why) {
    failures_.add();
    auto& one = tried_[version];
    one.pause = std::clamp(one.pause * 2, opt_.first_pause, opt_.every);
    one.due   = time_.now() + std::chrono::duration_cast<steady_time::duration>(
                                one.pause * (0.8 + 0.4 * around_.chance())
                            );
    if (std::exchange(one.said, why.detail) == why.detail) return;
    log_of("rules").warn(
        "rules cannot be pulled; what is there stays in use version={} reason=\"{}\"", version,
        why.detail
    );
}

void rules_feed::succeeded(const std::string& version, oci::shelved_rules got) {
    pulled_.add();
    auto& one = tried_[version];
    one.pause = std::chrono::seconds(0);
    one.said.clear();
    // What the source does not have it may have later: a release comes artifact by artifact.
    one.whole = got.rules.record.absent.empty();
    one.due   = time_.now() + opt_.every;
    if (got.unwritten)
        log_of("rules").warn(
            "rules are in use, but could not be kept version={} reason=\"{}\"", version,
            got.unwritten->detail
        );
    std::string absent;
    for (const auto& each : got.rules.record.absent) absent += (absent.empty() ? "" : ",") + each;
    if (!known_.insert(version).second && !got.fetched) return;
    log_of("rules").info("rules are there version={} absent={}", version, absent);
    around_.gained(version, got.rules.files);
}

}  // namespace falconer::app

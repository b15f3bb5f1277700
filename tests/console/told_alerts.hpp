// A desk of alerts that keeps all in memory, and what it was asked.
#pragma once

#include "falconer/ports/alert_desk.hpp"
#include "falconer/ports/alert_previews.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace falconer::console::test {

class told_alerts final : public alerts::alert_desk, public alerts::alert_previews {
public:
    std::vector<alerts::kept_rule>      all{};
    std::vector<alerts::silence>        quiet{};
    std::vector<alerts::standing_alert> now{};
    std::vector<alerts::rule_order>     written{}, dropped{};
    std::vector<alerts::alert_rule>     tried{};
    std::vector<readable_clusters>      tried_for{};
    std::vector<uuid>                   ended{};
    std::optional<failure>              fails{};

    task<result<std::vector<alerts::kept_rule>>> rules() override { co_return all; }
    task<result<std::int64_t>>                   write(alerts::rule_order order) override {
        if (fails) co_return *fails;
        written.push_back(std::move(order));
        co_return written.back().seen + 1;
    }
    task<result<void>> drop(alerts::rule_order order) override {
        if (fails) co_return *fails;
        dropped.push_back(std::move(order));
        co_return result<void>{};
    }
    task<result<std::vector<alerts::silence>>> silences() override { co_return quiet; }
    task<result<void>>                         hush(uuid, alerts::silence what) override {
        quiet.push_back(std::move(what));
        co_return result<void>{};
    }
    task<result<void>> unhush(uuid, std::string, uuid silence, std::string) override {
        ended.push_back(silence);
        co_return result<void>{};
    }
    task<result<std::vector<alerts::alert_change>>> story(uuid subject) override {
        std::vector<alerts::alert_change> one(1);
        one.front().subject = subject;
        one.front().what    = "create";
        one.front().body    = "{}";
        co_return one;
    }
    task<result<std::vector<alerts::standing_alert>>> standing() override { co_return now; }
    task<result<alerts::alert_preview>>               preview(
                      alerts::alert_rule rule, readable_clusters who, utc_time since
                  ) override {
        tried.push_back(std::move(rule));
        tried_for.push_back(std::move(who));
        alerts::alert_preview found;
        found.since = since;
        found.told  = 14;
        co_return found;
    }
};

}  // namespace falconer::console::test

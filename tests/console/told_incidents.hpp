// A desk of incidents that keeps all in memory, and what it was asked.
#pragma once

#include "falconer/ports/incident_desk.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace falconer::console::test {

class told_incidents final : public incident_desk {
public:
    std::vector<incident>          all{};  // the one that happened last first
    std::vector<incident_search>   searches{};
    std::vector<incident_order>    orders{};
    std::vector<readable_clusters> asked_for{};  // by whatever was asked for somebody
    std::vector<triage_action>     done{};
    image_history                  images{};
    std::string                    image{};  // that was asked for
    std::optional<failure>         fails{};

    task<result<std::vector<incident>>> incidents(incident_search what) override {
        searches.push_back(what);
        asked_for.push_back(what.who);
        std::vector<incident> some;
        for (const auto& each : all)
            if (may_see(what.who, each.cluster) && each.id != what.but.value_or(uuid{}))
                some.push_back(each);
        some.resize(std::min(some.size(), what.limit));
        co_return some;
    }
    task<result<std::vector<incident>>> find(std::vector<uuid> ids, readable_clusters who, utc_time)
        override {
        asked_for.push_back(who);
        std::vector<incident> some;
        for (const auto& each : all)
            if (std::ranges::find(ids, each.id) != ids.end() && may_see(who, each.cluster))
                some.push_back(each);
        co_return some;
    }
    task<result<std::vector<triage_action>>> story(uuid) override { co_return done; }
    task<result<std::uint64_t>>              act(incident_order what) override {
        if (fails) co_return *fails;
        orders.push_back(what);
        co_return what.incidents.size();
    }
    task<result<image_history>> first_seen(
        std::string, std::string which, std::string, readable_clusters who
    ) override {
        asked_for.push_back(std::move(who));
        image = std::move(which);
        co_return images;
    }
};

}  // namespace falconer::console::test

// Numbers of the landscape and events of the read API, as the test tells them; and what was asked.
#pragma once

#include "falconer/ports/landscape_queries.hpp"
#include "falconer/ports/provider_queries.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace falconer::console::test {

class told_counts final : public landscape_queries, public provider_queries {
public:
    landscape_counts              is{};
    provider_page                 page{};
    provider_groups               groups{};
    std::vector<provider_count>   counts{};
    std::optional<failure>        fails{};
    std::vector<landscape_search> asked{};
    std::vector<provider_search>  pulled{};
    std::vector<event_search>     grouped{};
    std::vector<std::string>      counted{};

    task<result<landscape_counts>> landscape(landscape_search what) override {
        asked.push_back(std::move(what));
        if (fails) co_return *fails;
        co_return is;
    }
    task<result<provider_page>> provider_events(provider_search what) override {
        pulled.push_back(std::move(what));
        if (fails) co_return *fails;
        co_return page;
    }
    task<result<provider_groups>> provider_groups_of(event_search what) override {
        grouped.push_back(std::move(what));
        if (fails) co_return *fails;
        co_return groups;
    }
    task<result<std::vector<provider_count>>> provider_counts(std::string landscape) override {
        counted.push_back(std::move(landscape));
        if (fails) co_return *fails;
        co_return counts;
    }
};

}  // namespace falconer::console::test

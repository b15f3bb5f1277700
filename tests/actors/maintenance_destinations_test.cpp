// The landscape's destinations, brought into configs that are in use, in their windows.
#include "support/garden_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace falconer::actors {
namespace {

using test::events, test::seeds, test::shoots;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

struct bare_garden final : falco::garden_view {
    std::map<std::string, value, std::less<>> namespaces{};
    falco::releases                           there{};

    const value* namespace_named(std::string_view name) const override {
        const auto found = namespaces.find(name);
        return found == namespaces.end() ? nullptr : &found->second;
    }
    const value*           project_of(std::string_view) const override { return nullptr; }
    const falco::releases& offered() const override { return there; }
    falco::seen_rules custom_rules(std::string_view, std::string_view) const override { return {}; }
    falco::seen_secret secret(std::string_view, std::string_view) const override { return {}; }
};

class MaintenanceDestinationsTest : public test::garden_world {
protected:
    bare_garden              seen_garden{};
    falco::operator_settings operators{};
    bool                     garden_is_read = true;

    void SetUp() override {
        garden_world::SetUp();
        opt.settle = [this](const falco::maintained& who, utc_time now) {
            if (!garden_is_read) return falco::settled_destinations{};
            return falco::settle_destinations(who, seen_garden, {.operators = operators}, now);
        };
        offer_usual();
    }
    void want(const std::string& name) {
        operators.global_defaults.push_back(
            {.name = name, .key = "kafka", .stanza = value{{"url", "https://h"}}}
        );
    }
    static value with(const std::string& destinations, const std::string& number = "1.2.0") {
        return config(number, "autoUpdate: true, destinations: [" + destinations + "]");
    }
    std::vector<std::string> messages() {
        std::vector<std::string> all;
        const auto               page = must(garden.list(events, {}, {.limit = 0}));
        for (const auto& each : page.items) all.emplace_back(each.text_at({"message"}));
        return all;
    }
};

TEST_F(MaintenanceDestinationsTest, ANewOneComesInTheWindowWithAnEventAndNotBefore) {
    want("audit");
    add(with("{name: logging}"));
    start_us();
    pass_until(1, 22h);
    EXPECT_EQ(config_of(key), with("{name: logging}"));
    EXPECT_THAT(writes, IsEmpty());
    EXPECT_EQ(count("falconer_maintenance_unsettled"), 1u);
    pass_until(1, 22h + 45min);
    EXPECT_EQ(config_of(key), with("{name: logging}, {name: audit}"));
    EXPECT_THAT(told(), ElementsAre("Normal FalcoDestinationsChanged a"));
    EXPECT_THAT(
        messages(), ElementsAre("Destinations in the config of Falco: 'audit', which the landscape "
                                "wants, is added; \"enabled: false\" turns it off")
    );
    EXPECT_EQ(count("falconer_maintenance_destinations_total{of=\"shoot\"}"), 1u);
    EXPECT_EQ(count("falconer_maintenance_unsettled"), 0u);
    writes.clear();
    pass_until(4, 0h);
    EXPECT_THAT(writes, IsEmpty()) << "there is nothing left to do";
}

TEST_F(MaintenanceDestinationsTest, OneThatIsNoMoreGoesInTheWindowWithAnEvent) {
    add(with("{name: gone}, {name: logging}"));
    start_us();
    pass_until(2, 0h);
    EXPECT_EQ(config_of(key), with("{name: logging}"));
    EXPECT_THAT(told(), ElementsAre("Normal FalcoDestinationsChanged a"));
}

TEST_F(MaintenanceDestinationsTest, IsWrittenTogetherWithTheVersionInOneWrite) {
    want("audit");
    add(with("{name: logging}", "1.1.0"));
    start_us();
    pass_until(2, 0h);
    EXPECT_EQ(config_of(key), with("{name: logging}, {name: audit}"));
    EXPECT_THAT(
        told(), ::testing::UnorderedElementsAre(
                    "Normal FalcoVersionMoved a", "Normal FalcoDestinationsChanged a"
                )
    );
    EXPECT_THAT(writes, SizeIs(3)) << "one of the Shoot, two Events";
}

TEST_F(MaintenanceDestinationsTest, WhoAsksForMaintenanceGetsThemAtOnce) {
    want("audit");
    add(with("{name: logging}"));
    start_us();
    pass_until(1, 12h);
    ask(key);
    EXPECT_EQ(config_of(key), with("{name: logging}, {name: audit}"));
    EXPECT_THAT(told(), ElementsAre("Normal FalcoDestinationsChanged a"));
}

TEST_F(MaintenanceDestinationsTest, WhoOptsOutOrTurnsItOffIsLeftAlone) {
    want("audit");
    seen_garden.namespaces["garden-p"] = testing::yaml(
        "metadata: {annotations: {falco.gardener.cloud/skip-default-destinations: "
        "\"true\"}}"
    );
    add(with("{name: logging}"));
    start_us();
    pass_until(2, 0h);
    EXPECT_THAT(writes, IsEmpty());
    // What nobody tells of is looked for.
    seen_garden.namespaces.clear();
    add(with("{name: logging}, {name: audit, enabled: false}"), "b");
    pass_until(3, 0h);
    EXPECT_EQ(config_of(key), with("{name: logging}, {name: audit}"));
    EXPECT_EQ(config_of({"garden-p", "b"}), with("{name: logging}, {name: audit, enabled: false}"));
    EXPECT_THAT(told(), ElementsAre("Normal FalcoDestinationsChanged a"));
}

TEST_F(MaintenanceDestinationsTest, NothingIsDecidedBeforeTheGardenHasBeenRead) {
    want("audit");
    garden_is_read = false;
    add(with("{name: logging}"));
    start_us();
    pass_until(2, 0h);
    EXPECT_THAT(writes, IsEmpty());
    garden_is_read = true;
    pass_until(3, 0h);
    EXPECT_EQ(config_of(key), with("{name: logging}, {name: audit}"));
}

TEST_F(MaintenanceDestinationsTest, SeedsGetThemInTheNight) {
    want("audit");
    must(garden.create(seeds, {{}, "s"}, asking(with("{name: stdout}")), {}));
    pass_until(1, 7h);
    start_us();
    pass_until(2, 0h);
    EXPECT_THAT(writes, IsEmpty());
    pass_until(2, 6h);
    EXPECT_EQ(config_of({{}, "s"}, seeds), with("{name: stdout}, {name: audit}"));
    EXPECT_THAT(told("default"), ElementsAre("Normal FalcoDestinationsChanged s"));
}

TEST_F(MaintenanceDestinationsTest, WhoeverTakesThemOutAgainIsNotArguedWithBeforeTheNextWindow) {
    want("audit");
    add(with("{name: logging}"));
    start_us();
    std::size_t updates = 0;
    on_call             = [&](const std::string& call) {
        if (call.starts_with("update")) ++updates;
        return fate::goes_well;
    };
    const auto take_out = [&] {
        if (config_of(key) != with("{name: logging}"))
            must(garden.update(shoots, key, with_config(key, with("{name: logging}")), {}));
        time.settle();
    };
    for (auto minute = 22h + 0min; minute < 22h + 50min; minute += 1min) {
        pass_until(1, minute);
        take_out();
    }
    EXPECT_EQ(updates, 1u);
    pass_until(3, 0h);
    EXPECT_EQ(updates, 2u);
}

TEST_F(MaintenanceDestinationsTest, WhatTheReviewOfSomebodysUpdateTookAwayIsToldToTheOwner) {
    add(with("{name: logging}, {name: gone}"));
    start_us();
    pass_until(1, 12h);
    // As the webhook makes it of an update of Gardener's.
    must(garden.update(shoots, key, with_config(key, with("{name: logging}")), {}));
    time.settle();
    EXPECT_THAT(told(), ElementsAre("Normal FalcoDestinationsChanged a"));
    EXPECT_THAT(messages(), ElementsAre(::testing::HasSubstr("'gone' is taken away")));
    pass_until(2, 0h);
    EXPECT_EQ(told().size(), 1u) << "nobody is told twice";
    // What has nothing to do with the landscape is nobody's business.
    must(garden.update(shoots, key, with_config(key, with("{name: stdout}")), {}));
    pass_until(2, 1h);
    EXPECT_EQ(told().size(), 1u);
}

TEST_F(MaintenanceDestinationsTest, WhoDecidesBeforeTheWindowIsNotToldOfIt) {
    want("audit");
    add(with("{name: logging}"));
    start_us();
    pass_until(1, 12h);
    const auto off = with("{name: logging}, {name: audit, enabled: false}");
    must(garden.update(shoots, key, with_config(key, off), {}));
    pass_until(2, 0h);
    EXPECT_EQ(config_of(key), off);
    EXPECT_THAT(told(), IsEmpty()) << "its own hand has done it";
}

TEST_F(MaintenanceDestinationsTest, WhatTheServerRefusesIsToldInItsWords) {
    want("audit");
    add(with("{name: logging}"));
    refused_because = "no";
    start_us();
    pass_until(2, 0h);
    EXPECT_THAT(told(), ElementsAre("Warning ShootMaintenanceFailed a"));
    EXPECT_THAT(
        messages(), ElementsAre("The landscape's destinations could not be brought into the config "
                                "of Falco: no")
    );
    EXPECT_EQ(config_of(key), with("{name: logging}"));
}

TEST_F(MaintenanceDestinationsTest, AWriteWithoutAnAnswerIsToldOfOnce) {
    want("audit");
    add(with("{name: logging}"));
    start_us();
    bool cut = true;
    on_call  = [&](const std::string& call) {
        return call.starts_with("update Shoot") && std::exchange(cut, false) ? fate::is_lost
                                                                              : fate::goes_well;
    };
    pass_until(2, 0h);
    EXPECT_FALSE(cut);
    EXPECT_EQ(config_of(key), with("{name: logging}, {name: audit}"));
    EXPECT_THAT(told(), ElementsAre("Normal FalcoDestinationsChanged a"));
}

}  // namespace
}  // namespace falconer::actors

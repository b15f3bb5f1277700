// Flags over the configuration: what is not given leaves it alone.
#include "cli/gardener_flags.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::cli {
namespace {

struct taken {
    app::configuration       how{};
    std::vector<std::string> problems{}, without_effect{};
};
taken take(
    std::string command_line, app::configuration how = {},
    const std::set<std::string>& roles = {"controller"}
) {
    CLI::App       command;
    gardener_flags flags;
    flags.add_to(command);
    command.parse(std::move(command_line));
    taken done{.how = std::move(how)};
    flags.apply_to(done.how, roles, done.problems);
    done.without_effect = flags.without_effect;
    return done;
}
app::configuration after(std::string command_line, app::configuration how = {}) {
    auto done = take(std::move(command_line), std::move(how));
    EXPECT_TRUE(done.problems.empty());
    EXPECT_TRUE(done.without_effect.empty());
    return std::move(done.how);
}

TEST(GardenerFlagsTest, WhatIsNotGivenLeavesTheConfigurationAlone) {
    app::configuration how;
    how.admission.usage            = falco::allowance::annotated_namespaces;
    how.admission.otlp             = falco::otlp_logging::on;
    how.admission.leader_election  = true;
    how.controller.leader_election = true;
    how.admission.central_logging  = falco::allowance::annotated_namespaces;
    const auto same                = after("", how);
    EXPECT_EQ(same.admission.usage, falco::allowance::annotated_namespaces);
    EXPECT_EQ(same.admission.central_logging, falco::allowance::annotated_namespaces);
    EXPECT_EQ(same.admission.otlp, falco::otlp_logging::on);
    EXPECT_TRUE(same.admission.leader_election);
    EXPECT_TRUE(same.controller.leader_election);
}

TEST(GardenerFlagsTest, SwitchesAreTrueByThemselvesAndWhatTheyAreToldElse) {
    EXPECT_EQ(after("--restricted-usage").admission.usage, falco::allowance::annotated_namespaces);
    EXPECT_EQ(after("--restricted-usage=false").admission.usage, falco::allowance::everybody);
    EXPECT_EQ(after("--otlp-logging=true").admission.otlp, falco::otlp_logging::on);
    EXPECT_FALSE(after("--leader-election=false").controller.leader_election);
    EXPECT_FALSE(after("--leader-election=false").admission.leader_election);
}

/// As Gardener's library for extensions hands them to a controller.
TEST(GardenerFlagsTest, WhatTheConfigurationHasTooIsTakenOverIt) {
    const auto how = after(
        "--leader-election-id=mine --leader-election-namespace=leases --heartbeat-namespace=beats "
        "--heartbeat-renew-interval-seconds=15 --max-concurrent-reconciles=7 "
        "--extension-classes=shoot,seed --log-level=error --log-format=json"
    );
    EXPECT_EQ(how.controller.lease, "mine");
    EXPECT_EQ(how.controller.lease_namespace, "leases");
    EXPECT_EQ(how.controller.namespace_name, "beats");
    EXPECT_EQ(how.controller.heartbeat, std::chrono::seconds(15));
    EXPECT_EQ(how.controller.at_once, 7u);
    using enum falco::extension_class;
    EXPECT_EQ(how.controller.classes, (std::set{shoot, seed}));
    EXPECT_EQ(how.logging.level, spdlog::level::err);
    EXPECT_EQ(how.logging.form, log_options::shape::json);
    EXPECT_EQ(
        after("--extension-class garden").controller.classes,
        std::set<falco::extension_class>{garden}
    );
    EXPECT_EQ(after("--leader-election-namespace=one").controller.namespace_name, "one");
}

TEST(GardenerFlagsTest, WhatHasNoCounterpartIsTakenAndSaid) {
    const auto done = take(
        "--controllers=falco_lifecycle_controller,heartbeat --disable-controllers=healthcheck "
        "--ignore-operation-annotation --gardener-version=v1.120.0 --master=https://api "
        "--self-hosted-shoot-cluster=true --webhook-config-cert-dir=/tmp/x"
    );
    EXPECT_THAT(done.problems, ::testing::IsEmpty());
    EXPECT_EQ(done.without_effect.size(), 7u);
    EXPECT_THAT(
        done.without_effect,
        ::testing::Contains(::testing::StartsWith("--gardener-version: nothing here depends"))
    );
    EXPECT_THAT(
        take("--ignore-operation-annotation=false --self-hosted-shoot-cluster=false --master=")
            .without_effect,
        ::testing::IsEmpty()
    ) << "as it would be without them";
}

TEST(GardenerFlagsTest, EveryValueThatCannotBeIsNamed) {
    const auto done = take(
        "--heartbeat-renew-interval-seconds=-1 --max-concurrent-reconciles=0 "
        "--extension-classes=shoot,plant --log-level=loud --log-format=xml"
    );
    EXPECT_THAT(
        done.problems,
        ::testing::UnorderedElementsAre(
            "--heartbeat-renew-interval-seconds: expected 5 to 120 seconds, found -1",
            "--max-concurrent-reconciles: expected 1 to 1000, found 0",
            "--extension-classes: expected shoot, seed or garden, found 'plant'",
            "--log-level: expected one of debug, info, warn, error, found 'loud'",
            "--log-format: expected one of text, json, found 'xml'"
        )
    );
    EXPECT_THAT(
        take("--extension-classes=seed,garden").problems,
        ::testing::ElementsAre("--extension-classes: seed and garden need a process each")
    );
}

TEST(GardenerFlagsTest, OneLeaseIsNotEnoughForTwo) {
    const auto line = "--leader-election-id=mine";
    EXPECT_EQ(take(line, {}, {"controller", "admission"}).problems.size(), 1u);
    EXPECT_EQ(take(line, {}, {"admission", "ingestor"}).how.admission.lease, "mine");
}

}  // namespace
}  // namespace falconer::cli

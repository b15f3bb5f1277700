#include "falconer/falco/extension_service.hpp"

#include "review_fixture.hpp"

namespace falconer::falco {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> delivered_to(const std::string& destinations, extension_class is) {
    auto extension                      = value::map();
    extension["spec"]["providerConfig"] = config_of("destinations: " + destinations + "\n");
    const auto read =
        read_service(extension, {.is = is}, some_releases(), {}, utc_time(std::chrono::seconds(1)));
    std::vector<std::string> all;
    for (const auto& each : read.problems) all.push_back(each.text());
    for (const auto& each : read.service.destinations) all.push_back(each.name);
    return all;
}

// It is left out later, with a warning; here it must not stop the rest.
TEST(ExtensionService, ADestinationThatTheLandscapeHasNoLongerIsNoProblem) {
    using is = extension_class;
    EXPECT_THAT(
        delivered_to("[{name: retired}, {name: stdout}]", is::shoot),
        ElementsAre("retired", "stdout")
    );
    EXPECT_THAT(delivered_to("[{name: retired}]", is::shoot), ElementsAre("retired", "logging"));
    EXPECT_THAT(delivered_to("[{name: retired}]", is::seed), ElementsAre("retired", "stdout"));
    EXPECT_THAT(
        delivered_to("[{name: retired, resourceSecretName: s}]", is::shoot),
        ElementsAre(
            "spec.providerConfig.destinations[0].name: there is no destination 'retired' here; "
            "there are: stdout, logging, otlp, central, custom, opensearch, splunk"
        )
    );
}

TEST(ExtensionService, AnEmptyConfigIsNoConfig) {
    value      extension{{"spec", {{"providerConfig", value::map()}}}};
    const auto read =
        read_service(extension, {}, some_releases(), {}, utc_time(std::chrono::seconds(1)));
    EXPECT_THAT(read.problems, IsEmpty());
    EXPECT_EQ(read.service.falco_version, "0.43.0");
}

}  // namespace
}  // namespace falconer::falco

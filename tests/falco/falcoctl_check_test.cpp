// What falcoctl is told in a shoot's config, before it is told.
#include "falco/falcoctl_check.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> problems_of(const std::string& indexes) {
    const auto decoded = decode_service_config(
        yaml(
            "apiVersion: falco.extensions.gardener.cloud/v1alpha1\nkind: FalcoServiceConfig\n"
            "resources: falcoctl\nfalcoctl: {install: {refs: [falco-rules:5]}, indexes: " +
            indexes + "}\n"
        ),
        "c"
    );
    auto problems = decoded.problems;
    check_falcoctl(*decoded.config.falcoctl, "falcoctl", problems);
    std::vector<std::string> all;
    for (const auto& each : problems) all.push_back(each.text());
    return all;
}

TEST(FalcoctlCheck, AnIndexIsWhereFalcoctlCanFetchIt) {
    EXPECT_THAT(
        problems_of("[{name: a, url: 'https://h/index.yaml'}, {name: b.c, url: 'http://h:80'}, "
                    "{name: d, url: 'gs://bucket/i.yaml'}, {name: e, url: 's3://bucket/i.yaml'}]"),
        IsEmpty()
    );
    EXPECT_THAT(
        problems_of("[{name: a, url: 'no url'}, {name: b, url: 'file:///etc/index.yaml'}]"),
        ElementsAre(
            AllOf(StartsWith("falcoctl.indexes[0].url: must"), HasSubstr("found 'no url'")),
            StartsWith("falcoctl.indexes[1].url: must be a URL")
        )
    );
    EXPECT_THAT(
        problems_of("[{name: a, url: \"gs://b\\n\"}]"),
        ElementsAre(StartsWith("falcoctl.indexes[0].url: must have no line break"))
    );
}

TEST(FalcoctlCheck, APasswordIsNotRepeated) {
    const auto all = problems_of("[{name: a, url: 'https://me:hunter2@h/i.yaml'}]");
    ASSERT_THAT(all, ElementsAre(StartsWith("falcoctl.indexes[0].url: must hold no user")));
    EXPECT_THAT(all[0], Not(HasSubstr("hunter2")));
}

TEST(FalcoctlCheck, AnIndexHasANameOfItsOwnThatAFileCanHave) {
    EXPECT_THAT(
        problems_of("[{name: ../a, url: 'https://h'}, {name: b, url: 'https://h'}, "
                    "{name: b, url: 'https://h'}]"),
        ElementsAre(
            AllOf(StartsWith("falcoctl.indexes[0].name: a file"), HasSubstr("'../a'")),
            "falcoctl.indexes[2].name: 'b' is there twice"
        )
    );
}

TEST(FalcoctlCheck, WhatIsEmptyIsSaidOnce) {
    EXPECT_THAT(
        problems_of("[{}]"),
        ElementsAre("c.falcoctl.indexes[0].name: is needed", "c.falcoctl.indexes[0].url: is needed")
    );
}

}  // namespace
}  // namespace falconer::falco

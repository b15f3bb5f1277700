// What Kubernetes would refuse of a pod is refused before.
#include "falco/pod_check.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> problems_of(const std::string& tolerations) {
    const auto decoded = decode_service_config(
        yaml(
            "apiVersion: falco.extensions.gardener.cloud/v1alpha1\nkind: FalcoServiceConfig\n"
            "tolerations: " +
            tolerations + "\n"
        ),
        "c"
    );
    auto problems = decoded.problems;
    check_pods(decoded.config, "c", problems);
    std::vector<std::string> all;
    for (const auto& each : problems) all.push_back(each.text());
    return all;
}

TEST(PodCheck, TolerationsAreThoseThatKubernetesTakes) {
    EXPECT_THAT(
        problems_of("[{operator: Exists}, {key: a.b/c_d, operator: Equal, value: x-1}, {key: a}, "
                    "{key: a, operator: '', value: b, effect: ''}, "
                    "{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]"),
        IsEmpty()
    );
}

TEST(PodCheck, ATaintHasALabelsNameAndValue) {
    EXPECT_THAT(
        problems_of("[{key: a b, operator: Exists}, {key: a, value: b c}, {key: A.b/, value: x}, "
                    "{key: a, operator: '', value: \"x\\n\"}]"),
        ElementsAre(
            "c.tolerations[0].key: 'a b' is no label's name",
            "c.tolerations[1].value: no taint can be 'b c'",
            "c.tolerations[2].key: 'A.b/' is no label's name",
            "c.tolerations[3].value: no taint can be 'x\\x0a'"
        )
    );
}

TEST(PodCheck, WithoutAKeyTheOperatorIsExists) {
    EXPECT_THAT(
        problems_of("[{}, {operator: ''}]"),
        ElementsAre(
            "c.tolerations[0].operator: must be Exists where there is no key",
            "c.tolerations[1].operator: must be Exists where there is no key"
        )
    );
}

}  // namespace
}  // namespace falconer::falco

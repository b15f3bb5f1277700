// Test names carry the section of Gardener's contract that they show.
#include "falconer/falco/extension_protocol.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using op = extension_operation;
using namespace std::chrono_literals;

constexpr utc_time now{1'800'000'000s};  // 2027-01-15T08:00:00Z

/// `metadata` and `status` as flow YAML without braces.
extension_view view(
    const std::string& metadata, const std::string& status = "", const std::string& spec = ""
) {
    return read_extension(yaml(
        "metadata: {name: shoot-falco-service, namespace: shoot--p--n, generation: 3, "
        "resourceVersion: '77'" +
        (metadata.empty() ? "" : ", " + metadata) + "}\nspec: {type: shoot-falco-service" +
        (spec.empty() ? "" : ", " + spec) + "}\nstatus: {" + status + "}\n"
    ));
}
std::string asked(const std::string& operation) {
    return "annotations: {gardener.cloud/operation: " + operation + "}";
}
std::string last(const std::string& type, const std::string& state) {
    return "lastOperation: {type: " + type + ", state: " + state + "}";
}
const std::string deleted   = "deletionTimestamp: '2027-01-15T08:00:00Z'";
const std::string finalizer = "finalizers: [extensions.gardener.cloud/shoot-falco-service]";

// --- §1.3 ---------------------------------------------------------------------------------------

TEST(ExtensionProtocolTest, S1_3_1_OnlyOurTypeAndClassesAreOurs) {
    EXPECT_TRUE(is_ours(view(""), {}));
    EXPECT_TRUE(is_ours(view("", "", "class: shoot"), {}));
    EXPECT_FALSE(is_ours(view("", "", "class: seed"), {})) << "none configured means shoot";
    EXPECT_TRUE(is_ours(view("", "", "class: seed"), {extension_class::seed}));
    EXPECT_FALSE(is_ours(view("", "", "class: shoot"), {extension_class::seed}));
    EXPECT_FALSE(is_ours(view("", "", "class: moon"), {extension_class::shoot}));
    EXPECT_FALSE(is_ours(read_extension(yaml("spec: {type: other}")), {}));
}

TEST(ExtensionProtocolTest, S1_3_3_AnObjectNewToUsStartsWorkUnlessItHasSucceeded) {
    for (const char* request : {"reconcile", "restore", "migrate"})
        EXPECT_TRUE(starts_work({}, view(asked(request), last("Create", "Succeeded")))) << request;
    EXPECT_TRUE(starts_work({}, view(deleted, last("Create", "Succeeded"))));
    EXPECT_TRUE(starts_work({}, view("")));
    EXPECT_TRUE(starts_work({}, view("", last("Reconcile", "Error"))));
    EXPECT_TRUE(starts_work({}, view("", last("Reconcile", "Processing"))));
    EXPECT_FALSE(starts_work({}, view("", last("Reconcile", "Succeeded"))));
    EXPECT_FALSE(starts_work({}, view(asked("keepalive"), last("Reconcile", "Succeeded"))));
}

TEST(ExtensionProtocolTest, S1_3_4_OfAKnownOneOnlyARequestOrItsDeletionStartsWork) {
    const auto before = view("", last("Reconcile", "Error"));
    EXPECT_TRUE(starts_work(before, view(asked("reconcile"), last("Reconcile", "Error"))));
    EXPECT_TRUE(starts_work(before, view(deleted, last("Reconcile", "Error"))));
    EXPECT_FALSE(starts_work(
        view(deleted, last("Reconcile", "Error")), view(deleted, last("Delete", "Processing"))
    )) << "that was our own status";
    EXPECT_TRUE(starts_work(before, view(deleted, last("Reconcile", "Succeeded"))))
        << "a list that was read anew shows both at once";
    EXPECT_FALSE(starts_work(before, view("", last("Reconcile", "Processing"))));
    EXPECT_FALSE(starts_work(before, view("", "", "providerConfig: {a: b}")))
        << "a new generation is no request";
    EXPECT_FALSE(starts_work(
        view(asked("restore"), last("Restore", "Processing")),
        view(asked("restore"), last("Restore", "Error"))
    )) << "our own words about a request that has not succeeded yet";
    EXPECT_FALSE(starts_work(before, view(asked("wait-for-state"), last("Reconcile", "Error"))));
}

// --- §1.4, §1.5 ---------------------------------------------------------------------------------

struct decision_case {
    const char*       name;
    extension_view    is;
    std::optional<op> run;
};
class S1_5_DecisionTest : public ::testing::TestWithParam<decision_case> {};

TEST_P(S1_5_DecisionTest, IsTheContracts) {
    const auto got = decide(GetParam().is, shoot_view{});
    EXPECT_EQ(got.run, GetParam().run) << GetParam().name << ' ' << got.why;
    EXPECT_EQ(got.run.has_value(), got.why.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, S1_5_DecisionTest,
    ::testing::Values(
        decision_case{"new", view(""), op::create},
        decision_case{
            "asked", view(asked("reconcile"), last("Reconcile", "Succeeded")), op::reconcile
        },
        decision_case{"resync", view("", last("Reconcile", "Succeeded")), op::reconcile},
        decision_case{"failed before", view("", last("Reconcile", "Error")), op::reconcile},
        decision_case{"half created", view("", last("Create", "Error")), op::create},
        decision_case{
            "half created, asked", view(asked("reconcile"), last("Create", "Processing")),
            op::create
        },
        decision_case{"half restored", view("", last("Restore", "Error")), op::restore},
        decision_case{"half migrated", view("", last("Migrate", "Error")), op::migrate},
        decision_case{
            "migrate", view(asked("migrate"), last("Reconcile", "Succeeded")), op::migrate
        },
        decision_case{
            "migrate beats deletion",
            view(asked("migrate") + ", " + deleted, last("Reconcile", "Succeeded")), op::migrate
        },
        decision_case{
            "migrate again", view(asked("migrate"), last("Migrate", "Succeeded")), op::migrate
        },
        decision_case{"restore", view(asked("restore"), last("Migrate", "Succeeded")), op::restore},
        decision_case{
            "deletion beats restore", view(asked("restore") + ", " + deleted + ", " + finalizer),
            op::remove
        },
        decision_case{
            "delete", view(deleted + ", " + finalizer, last("Reconcile", "Succeeded")), op::remove
        },
        decision_case{
            "delete, asked", view(asked("reconcile") + ", " + deleted + ", " + finalizer),
            op::remove
        },
        decision_case{"delete, nothing of ours", view(deleted), std::nullopt},
        decision_case{"migrated away", view("", last("Migrate", "Succeeded")), std::nullopt},
        decision_case{
            "migrated away, asked", view(asked("reconcile"), last("Migrate", "Succeeded")),
            std::nullopt
        },
        decision_case{
            "migrated away, deleted",
            view(deleted + ", " + finalizer, last("Migrate", "Succeeded")), std::nullopt
        },
        decision_case{"wait for state", view(asked("wait-for-state")), std::nullopt},
        decision_case{
            "wait for state, deleted",
            view(asked("wait-for-state") + ", " + deleted + ", " + finalizer), std::nullopt
        }
    ),
    [](const auto& each) {
        std::string name = each.param.name;
        for (char& c : name)
            if (c == ' ' || c == ',') c = '_';
        return name;
    }
);

TEST(ExtensionProtocolTest, S1_5_AFailedShootIsLeftAloneWhateverIsAsked) {
    for (const auto& each :
         {view(""), view(asked("migrate")), view(deleted + ", " + finalizer), view(asked("restore"))
         })
        EXPECT_EQ(decide(each, shoot_view{.failed = true}).run, std::nullopt);
    EXPECT_EQ(decide(view(""), std::nullopt).run, op::create) << "no shoot, no failure";
}

TEST(ExtensionProtocolTest, S1_5_ForceDeletionIsTheClustersWord) {
    for (const auto& [said, forced] :
         {std::pair{"'true'", true},
          {"'1'", true},
          {"T", true},
          {"'yes'", false},
          {"'false'", false}}) {
        const auto shoot = read_shoot_view(yaml(
            std::string("spec: {shoot: {metadata: {annotations: "
                        "{confirmation.gardener.cloud/force-deletion: ") +
            said + "}}}}"
        ));
        EXPECT_EQ(shoot.force_deletion, forced) << said;
        EXPECT_EQ(decide(view(deleted + ", " + finalizer), shoot).force, forced);
        EXPECT_FALSE(decide(view(""), shoot).force);
    }
    EXPECT_TRUE(
        read_shoot_view(yaml("spec: {shoot: {status: {lastOperation: {state: Failed}}}}")).failed
    );
    EXPECT_FALSE(read_shoot_view(yaml("{}")).failed);
}

TEST(ExtensionProtocolTest, S1_4_OnlyReconcileIsAcknowledgedBeforeTheWork) {
    EXPECT_TRUE(decide(view(asked("reconcile")), {}).acknowledge_first);
    EXPECT_FALSE(decide(view(asked("migrate")), {}).acknowledge_first);
    EXPECT_FALSE(decide(view(asked("restore")), {}).acknowledge_first);
    EXPECT_FALSE(decide(view(""), {}).acknowledge_first);
    EXPECT_EQ(
        acknowledge_patch(view(asked("reconcile"))),
        yaml("metadata: {resourceVersion: '77', annotations: {gardener.cloud/operation: null}}")
    );
}

TEST(ExtensionProtocolTest, S1_7_ARequestThatNobodyAnsweredStartsWorkAgain) {
    const std::string at   = "annotations: {gardener.cloud/timestamp: '2027-01-15T08:00:05.9Z'}";
    const auto        done = [](const std::string& when) {
        return "lastOperation: {type: Reconcile, state: Succeeded, lastUpdateTime: '" + when + "'}";
    };
    const auto lost = view(at, done("2027-01-15T08:00:04Z"));
    EXPECT_TRUE(is_unanswered(lost));
    EXPECT_TRUE(starts_work({}, lost)) << "its annotation went, and then the process";
    EXPECT_FALSE(starts_work(lost, lost)) << "we are at it";
    EXPECT_FALSE(is_unanswered(view(at, done("2027-01-15T08:00:05Z"))));
    EXPECT_FALSE(is_unanswered(view("", done("2027-01-15T08:00:05Z"))));
}

// --- §1.2 ---------------------------------------------------------------------------------------

TEST(ExtensionProtocolTest, S1_2_FinalizersArePatchedAsWholeListsUnderALock) {
    const auto begun = [](const extension_view& is) { return begin_patch(is, decide(is, {})); };
    EXPECT_EQ(
        begun(view("finalizers: [other]")),
        yaml("metadata: {resourceVersion: '77', finalizers: [other, "
             "extensions.gardener.cloud/shoot-falco-service]}")
    );
    EXPECT_EQ(begun(view(finalizer)), std::nullopt);
    EXPECT_EQ(
        begun(view(asked("reconcile"))),
        yaml("metadata: {resourceVersion: '77', annotations: {gardener.cloud/operation: null}, "
             "finalizers: [extensions.gardener.cloud/shoot-falco-service]}")
    ) << "one write where one does";
    EXPECT_EQ(begun(view(asked("migrate"))), std::nullopt) << "who leaves takes no finalizer";
    EXPECT_EQ(begun(view(deleted + ", " + finalizer)), std::nullopt);
    EXPECT_EQ(
        remove_finalizer_patch(
            view("finalizers: [a, extensions.gardener.cloud/shoot-falco-service, b]")
        ),
        yaml("metadata: {resourceVersion: '77', finalizers: [a, b]}")
    );
    EXPECT_EQ(
        remove_finalizer_patch(view(finalizer)),
        yaml("metadata: {resourceVersion: '77', finalizers: []}")
    );
    EXPECT_EQ(remove_finalizer_patch(view("")), std::nullopt);
    EXPECT_EQ(remove_all_finalizers_patch(), yaml("metadata: {finalizers: null}"));
}

// --- §1.6, §1.7 ---------------------------------------------------------------------------------

TEST(ExtensionProtocolTest, S1_6_AWordStandsUntilSomebodyElseHasTheLast) {
    const std::string stamp = "annotations: {gardener.cloud/timestamp: '2027-01-15T08:00:00Z'}";
    const auto        ours  = view(stamp, last("Reconcile", "Processing"));
    struct {
        const char*    what;
        extension_view now;
        bool           stands;
    } const rows[]{
        {"the same", ours, true},
        {"a finalizer", view(stamp + ", finalizers: [a]", last("Reconcile", "Processing")), true},
        {"another condition",
         view(stamp, last("Reconcile", "Processing") + ", conditions: [{type: A}]"), true},
        {"it is being deleted", view(stamp + ", " + deleted, last("Reconcile", "Processing")), true
        },
        {"another answer", view(stamp, last("Reconcile", "Succeeded")), false},
        {"another operation", view(stamp, last("Delete", "Processing")), false},
        {"no word at all", view(stamp), false},
        {"another request",
         view(
             "annotations: {gardener.cloud/timestamp: '2027-01-15T08:00:01Z'}",
             last("Reconcile", "Processing")
         ),
         false},
    };
    for (const auto& each : rows)
        EXPECT_EQ(is_still_ours(ours, each.now), each.stands) << each.what;
    EXPECT_TRUE(is_still_ours(view(""), view("finalizers: [a]"))) << "nothing has been said yet";
}

TEST(ExtensionProtocolTest, S1_6_ProcessingLeavesErrorAndGenerationAlone) {
    EXPECT_EQ(
        processing_patch(op::create, view(""), now),
        yaml("status: {lastOperation: {type: Create, state: Processing, progress: 1, description: "
             "Reconciling the Extension, lastUpdateTime: '2027-01-15T08:00:00Z'}}")
    );
}

TEST(ExtensionProtocolTest, S1_6_SuccessClearsTheErrorAndNamesTheGeneration) {
    EXPECT_EQ(
        success_patch(op::migrate, view(""), now),
        yaml("status: {observedGeneration: 3, lastError: null, lastOperation: {type: Migrate, "
             "state: "
             "Succeeded, progress: 100, description: Successfully migrated Extension resource, "
             "lastUpdateTime: '2027-01-15T08:00:00Z'}}")
    );
}

TEST(ExtensionProtocolTest, S7_2_ASuccessListsWhatItRefersToByTheNamesOfTheCopies) {
    auto patch = success_patch(op::reconcile, view(""), now);
    list_resources(patch, {{"mine", "ConfigMap", "v1", "my-rules"}});
    EXPECT_EQ(
        *patch.find_path({"status", "resources"}),
        yaml("[{name: mine, resourceRef: {apiVersion: v1, kind: ConfigMap, name: ref-my-rules}}]")
    );
    list_resources(patch, {});
    ASSERT_NE(patch.find_path({"status", "resources"}), nullptr);
    EXPECT_TRUE(patch.find_path({"status", "resources"})->is_null()) << "older ones go";
}

TEST(ExtensionProtocolTest, S1_6_AnErrorHasItsCodesOrNoneAndNeverOlderOnes) {
    const auto plain = error_patch(op::reconcile, view(""), "it rains", {}, now);
    EXPECT_EQ(
        plain.text_at({"status", "lastError", "description"}),
        "Error reconciling Extension: it rains"
    );
    EXPECT_EQ(
        plain.text_at({"status", "lastOperation", "description"}),
        "Error reconciling Extension: it rains"
    );
    EXPECT_EQ(plain.text_at({"status", "lastOperation", "state"}), "Error");
    ASSERT_NE(plain.find_path({"status", "lastError"})->find("codes"), nullptr);
    EXPECT_TRUE(plain.find_path({"status", "lastError"})->find("codes")->is_null());
    const auto coded = error_patch(op::restore, view(""), "x", {"ERR_CONFIGURATION_PROBLEM"}, now);
    EXPECT_EQ(
        *coded.find_path({"status", "lastError", "codes"}), yaml("[ERR_CONFIGURATION_PROBLEM]")
    );
    EXPECT_EQ(
        coded.text_at({"status", "lastError", "description"}),
        "Unable to restore Extension resource: x"
    );
}

TEST(ExtensionProtocolTest, S1_6_EveryOperationHasItsTexts) {
    for (const auto& [is, type, done] : {
             std::tuple{op::create, "Create", "Successfully reconciled Extension"},
             {op::reconcile, "Reconcile", "Successfully reconciled Extension"},
             {op::remove, "Delete", "Successfully deleted the Extension"},
             {op::migrate, "Migrate", "Successfully migrated Extension resource"},
             {op::restore, "Restore", "Successfully restored Extension resource"},
         }) {
        const auto patch = success_patch(is, view(""), now);
        EXPECT_EQ(patch.text_at({"status", "lastOperation", "type"}), type);
        EXPECT_EQ(patch.text_at({"status", "lastOperation", "description"}), done);
    }
}

TEST(ExtensionProtocolTest, S1_7_ARequestFromAClockThatIsFarAheadIsNamed) {
    const auto why = [](const std::string& stamp, utc_time at) {
        return unbelievable_because(
            view("annotations: {gardener.cloud/timestamp: '" + stamp + "'}"), at
        );
    };
    for (const auto* fine : {"2027-01-15T07:00:00Z", "2027-01-15T08:10:00Z", "soon", ""})
        EXPECT_EQ(why(fine, now), "") << fine;
    const auto said = why("2027-01-15T08:30:00Z", now);
    EXPECT_EQ(
        said,
        "the work is done, but it was asked for at 2027-01-15T08:30:00Z, which our clock will "
        "reach "
        "in more than 10 minutes: one of the two clocks is wrong, and gardenlet believes no answer "
        "that is earlier than its question"
    );
    EXPECT_EQ(why("2027-01-15T08:30:00Z", now + 5min), said) << "again it is no news";
    EXPECT_EQ(why("2027-01-15T08:30:00Z", now + 20min), "");
}

TEST(ExtensionProtocolTest, S1_7_ASuccessIsNeverEarlierThanItsRequest) {
    const auto at = [](const std::string& stamp) {
        return success_patch(
                   op::reconcile, view("annotations: {gardener.cloud/timestamp: '" + stamp + "'}"),
                   now + 900ms
               )
                   .text_at({"status", "lastOperation", "lastUpdateTime"}) ==
               "2027-01-15T08:00:00Z";
    };
    EXPECT_TRUE(at("2027-01-15T07:59:59.123456789Z"));
    EXPECT_TRUE(at("2027-01-15T08:00:00.999999999Z"));
    EXPECT_FALSE(at("2027-01-15T08:00:01.5Z")) << "gardenlet's clock is ahead: its time counts";
    EXPECT_EQ(
        status_time(view("annotations: {gardener.cloud/timestamp: '2027-01-15T08:09:59.5Z'}"), now),
        now + 9min + 59s
    );
    EXPECT_TRUE(at("2099-01-01T00:00:00Z")) << "a broken clock is not followed";
    EXPECT_TRUE(at("soon"));
}

// --- §1.8 ---------------------------------------------------------------------------------------

TEST(ExtensionProtocolTest, S1_8_TheResyncIsReArmedFromTheLastSuccess) {
    const auto fresh = view(
        "",
        "lastOperation: {type: Reconcile, state: Succeeded, lastUpdateTime: '2027-01-15T07:30:00Z'}"
    );
    EXPECT_EQ(next_resync(fresh, "a", 60min, now), now + 30min);
    EXPECT_EQ(next_resync(view(""), "a", 60min, now), now + 60min);
}

TEST(ExtensionProtocolTest, S1_8_WhoIsOverdueAfterARestartIsSpreadOverThePeriod) {
    const auto old = view(
        "",
        "lastOperation: {type: Reconcile, state: Succeeded, lastUpdateTime: '2027-01-14T00:00:00Z'}"
    );
    std::vector<int> tenths(10);
    for (int i = 0; i < 5'000; ++i) {
        const auto due = next_resync(old, "shoot--p--n" + std::to_string(i), 60min, now);
        ASSERT_GE(due, now);
        ASSERT_LT(due, now + 60min);
        ++tenths[static_cast<std::size_t>((due - now) / 6min)];
        ASSERT_EQ(due, next_resync(old, "shoot--p--n" + std::to_string(i), 60min, now));
    }
    for (const int count : tenths) EXPECT_NEAR(count, 500, 120);
}

TEST(ExtensionProtocolTest, HalfWrittenObjectsAreReadWithoutHarm) {
    for (const char* odd :
         {"{}", "[]", "x", "{metadata: x}",
          "{metadata: {finalizers: x, annotations: [a]}, status: 7}",
          "{status: {lastOperation: [a]}, spec: {class: [x]}}"}) {
        const auto got = read_extension(yaml(odd));
        EXPECT_FALSE(is_ours(got, {})) << odd;
        decide(got, shoot_view{});
        starts_work(got, got);
    }
}

}  // namespace
}  // namespace falconer::falco

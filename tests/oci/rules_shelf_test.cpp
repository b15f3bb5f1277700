#include "oci/rules_shelf.hpp"

#include "artifact_fixture.hpp"
#include "oci/image_layout.hpp"
#include "support/manual_time.hpp"

#include <gmock/gmock.h>

namespace falconer::oci {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using state = rules_shelf::state;

class RulesShelfTest : public ::testing::Test {
protected:
    test::temporary_folder folder{};
    test::fake_rules       from{};
    rules_shelf            shelf{folder / "rules"};
    rules_wish             wish{.version = "5.0.0"};

    void SetUp() override {
        from.files = {
            {"falco-rules:5.0.0", "- list: a\n"},
            {"falco-incubating-rules:5.0.0", "- list: b\n"},
            {"falco-sandbox-rules:5.0.0", "- list: c\n"},
        };
    }
    result<shelved_rules> pull() { return test::run(pull_to_shelf(from, shelf, wish)); }
    std::string           file(const std::string& name) {
        return test::read(shelf.folder_of("5.0.0") / name);
    }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& each : fs::directory_iterator(folder / "rules"))
            all.push_back(each.path().filename().string());
        return all;
    }
};

TEST_F(RulesShelfTest, APullIsKeptWithItsSources) {
    const auto got = pull();
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_TRUE(got->fetched);
    EXPECT_FALSE(got->unwritten);
    EXPECT_EQ(file("falco_rules.yaml"), "- list: a\n");
    EXPECT_EQ(file("falco-sandbox_rules.yaml"), "- list: c\n");
    EXPECT_THAT(file("sources.json"), HasSubstr(digest::of("- list: a\n").text()));
    EXPECT_THAT(names(), ElementsAre("5.0.0"));
}

TEST_F(RulesShelfTest, ASecondPullAsksNobody) {
    ASSERT_TRUE(pull());
    from.asked.clear();
    from.trouble   = failure{errc::unavailable, "away"};
    const auto got = pull();
    ASSERT_TRUE(got);
    EXPECT_FALSE(got->fetched);
    EXPECT_EQ(got->rules.files.at("falco_rules.yaml"), "- list: a\n");
    EXPECT_THAT(from.asked, IsEmpty());
}

TEST_F(RulesShelfTest, AFailingPullLeavesWhatIsThere) {
    ASSERT_TRUE(pull());
    wish.version                    = "5.1.0";
    from.files["falco-rules:5.1.0"] = "- list: d\n";
    from.trouble                    = failure{errc::unavailable, "away"};
    EXPECT_FALSE(pull());
    EXPECT_THAT(names(), ElementsAre("5.0.0"));
    EXPECT_EQ(shelf.look("5.0.0").is, state::whole);
}

TEST_F(RulesShelfTest, WhatIsDamagedIsPulledAgain) {
    for (const char* damage : {"- list: b\n", "", "gone"}) {
        ASSERT_TRUE(pull());
        const auto broken = shelf.folder_of("5.0.0") / "falco_rules.yaml";
        test::write(broken, damage);
        if (damage == std::string_view("gone")) fs::remove(broken);
        EXPECT_EQ(shelf.look("5.0.0").is, state::damaged);
        EXPECT_THAT(shelf.look("5.0.0").rules.files, IsEmpty());
        const auto got = pull();
        ASSERT_TRUE(got) << got.error().detail;
        EXPECT_TRUE(got->fetched);
        EXPECT_EQ(file("falco_rules.yaml"), "- list: a\n");
    }
}

/// A power cut leaves files that are empty, or end somewhere.
TEST_F(RulesShelfTest, AHalfRecordIsNoReasonToDoWithoutRules) {
    for (const char* half : {"", "{\"version\":\"5.0.0\",\"fil", "{}"}) {
        ASSERT_TRUE(pull());
        test::write(shelf.folder_of("5.0.0") / "sources.json", half);
        EXPECT_EQ(shelf.look("5.0.0").is, state::damaged) << half;
        EXPECT_THAT(shelf.look("5.0.0").rules.files, IsEmpty());
        const auto got = pull();
        ASSERT_TRUE(got) << half << ": " << got.error().detail;
        EXPECT_TRUE(got->fetched);
        EXPECT_FALSE(got->unwritten);
        EXPECT_EQ(shelf.look("5.0.0").is, state::whole);
    }
}

TEST_F(RulesShelfTest, ATagThatHasMovedIsNotBelieved) {
    ASSERT_TRUE(pull());
    test::write(shelf.folder_of("5.0.0") / "falco_rules.yaml", "damaged");
    from.files["falco-rules:5.0.0"] = "- list: evil\n";
    const auto got                  = pull();
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().detail, HasSubstr("has moved"));
    // Unless somebody says that this is what he means.
    wish.pins.push_back({"falco-rules", "", digest::of("manifest of - list: evil\n")});
    EXPECT_TRUE(pull());
    EXPECT_EQ(file("falco_rules.yaml"), "- list: evil\n");
}

TEST_F(RulesShelfTest, APinThatTheShelfDoesNotMeetIsPulled) {
    ASSERT_TRUE(pull());
    wish.pins.push_back({"falco-rules", "5.0.0", digest::of("something else")});
    EXPECT_FALSE(pull());
    EXPECT_EQ(file("falco_rules.yaml"), "- list: a\n");
}

TEST_F(RulesShelfTest, WhatTheSourceDoesNotHaveIsAbsentAndAskedForAgain) {
    from.files.erase("falco-sandbox-rules:5.0.0");
    auto got = pull();
    ASSERT_TRUE(got);
    EXPECT_THAT(got->rules.record.absent, ElementsAre("falco-sandbox-rules"));
    got = pull();
    ASSERT_TRUE(got);
    EXPECT_FALSE(got->fetched);
    from.files["falco-sandbox-rules:5.0.0"] = "- list: c\n";
    got                                     = pull();
    ASSERT_TRUE(got);
    EXPECT_TRUE(got->fetched);
    EXPECT_EQ(file("falco-sandbox_rules.yaml"), "- list: c\n");
    // What was there may not go.
    from.files.erase("falco-sandbox-rules:5.0.0");
    test::write(shelf.folder_of("5.0.0") / "falco_rules.yaml", "damaged");
    EXPECT_FALSE(pull());
}

TEST_F(RulesShelfTest, TheStableRulesAndWhatIsPinnedMustBeThere) {
    from.files.erase("falco-sandbox-rules:5.0.0");
    wish.pins.push_back({"falco-sandbox-rules", "", digest::of("x")});
    EXPECT_FALSE(pull());
    wish.pins.clear();
    from.files.erase("falco-rules:5.0.0");
    EXPECT_FALSE(pull());
    EXPECT_FALSE(fs::exists(folder / "rules"));
}

TEST_F(RulesShelfTest, WhatWasNotPulledIsNotTouched) {
    test::write(shelf.folder_of("5.0.0") / "falco_rules.yaml", "my own");
    const auto got = pull();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, errc::conflict);
    EXPECT_EQ(file("falco_rules.yaml"), "my own");
    EXPECT_THAT(from.asked, IsEmpty());
}

TEST_F(RulesShelfTest, WhatAnInterruptedPullHasLeftGoesInTime) {
    const auto old   = folder / "rules/.pulling-4.0.0.abcdef",
               young = folder / "rules/.pulling-3.0.0.abcdef";
    test::write(old / "falco_rules.yaml", "half");
    test::write(young / "falco_rules.yaml", "half");
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
    ASSERT_TRUE(pull());
    EXPECT_FALSE(fs::exists(old));
    EXPECT_TRUE(fs::exists(young));
    EXPECT_THAT(shelf.versions(), ElementsAre("5.0.0"));
}

TEST_F(RulesShelfTest, WhereNothingCanBeWrittenTheRulesAreThereAllTheSame) {
    test::write(folder / "rules", "a file");
    const auto got = pull();
    ASSERT_TRUE(got);
    ASSERT_TRUE(got->unwritten);
    EXPECT_EQ(got->rules.files.at("falco_rules.yaml"), "- list: a\n");
}

TEST_F(RulesShelfTest, AVersionIsNoPath) {
    for (const char* bad :
         {"", "..", "../5.0.0", "5.0", "v5.0.0", "5.0.0/../../x", "5.0.0+b", "latest"}) {
        wish.version = bad;
        EXPECT_FALSE(pull()) << bad;
    }
    EXPECT_THAT(from.asked, IsEmpty());
}

// --- folders as sources -------------------------------------------------------------------------

class FolderSourceTest : public RulesShelfTest {
protected:
    asio::io_context  loop{};
    test::manual_time time{loop};

    result<std::unique_ptr<rules_source>> open(const fs::path& place) {
        return make_rules_source(loop.get_executor(), time, {.from = place.string()});
    }
    result<shelved_rules> pull_from(const fs::path& place) {
        auto source = open(place);
        if (!source) return std::move(source).error();
        return test::run(pull_to_shelf(**source, shelf, wish));
    }
    static test::artifact of(const std::string& name) {
        return test::artifact_of(name, "- list: " + name + "\n");
    }
};

TEST_F(FolderSourceTest, ALayoutForAllOrOneForEach) {
    test::write_layout(
        folder / "all",
        {{"falco-rules:5.0.0", of("falco-rules")},
         {"ghcr.io/falcosecurity/rules/falco-sandbox-rules:5.0.0", of("falco-sandbox-rules")}}
    );
    auto got = pull_from(folder / "all");
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(file("falco-sandbox_rules.yaml"), "- list: falco-sandbox-rules\n");
    EXPECT_THAT(got->rules.record.absent, ElementsAre("falco-incubating-rules"));

    fs::remove_all(folder / "rules");
    test::write_layout(folder / "each/falco-rules", {{"5.0.0", of("falco-rules")}});
    got = pull_from(folder / "each");
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->rules.files.size(), 1u);
}

TEST_F(FolderSourceTest, ALayoutIsVerified) {
    const auto made = of("falco-rules");
    wish.artifacts  = {"falco-rules"};
    const auto blob = [&](const std::string& bytes) {
        return folder / "all/blobs/sha256" / std::string(digest::of(bytes).hex());
    };
    for (const auto& bytes : {made.manifest, made.layer}) {
        test::write_layout(folder / "all", {{"falco-rules:5.0.0", made}});
        test::write(blob(bytes), bytes.substr(1) + 'x');
        EXPECT_THAT(pull_from(folder / "all").error().detail, HasSubstr(" is sha256:"));
        test::write(blob(bytes), bytes + 'x');
        EXPECT_FALSE(pull_from(folder / "all"));
        fs::remove(blob(bytes));
        EXPECT_FALSE(pull_from(folder / "all"));
    }
    test::write_layout(folder / "all", {{"falco-rules:5.0.0", made}});
    wish.pins = {{"falco-rules", "", digest::of("x")}};
    EXPECT_THAT(pull_from(folder / "all").error().detail, HasSubstr("as pinned"));
    wish.pins = {{"falco-rules", "", made.is()}};
    EXPECT_TRUE(pull_from(folder / "all"));
}

TEST_F(FolderSourceTest, WhatWasPulledElsewhereCanBeCarriedHere) {
    ASSERT_TRUE(pull());
    fs::rename(folder / "rules", folder / "carried");
    wish.pins = {{"falco-rules", "", digest::of("manifest of - list: a\n")}};
    auto got  = pull_from(folder / "carried");
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->rules.record.find("falco-rules")->from, "falco-rules:5.0.0");

    fs::remove_all(folder / "rules");
    test::write(folder / "carried/5.0.0/falco_rules.yaml", "- list: evil\n");
    EXPECT_THAT(pull_from(folder / "carried").error().detail, HasSubstr(" is sha256:"));
}

TEST_F(FolderSourceTest, APlainFolderIsTakenAsItIsButMeetsNoPin) {
    test::write(folder / "plain/5.0.0/falco_rules.yaml", "- list: a\n");
    auto got = pull_from(folder / "plain");
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->rules.files.size(), 1u);
    fs::remove_all(folder / "rules");
    wish.pins = {{"falco-rules", "", digest::of("x")}};
    EXPECT_THAT(pull_from(folder / "plain").error().detail, HasSubstr("nothing says"));
    wish.pins.clear();
    test::write(folder / "plain/5.0.0/falco_rules.yaml", "a: [b");
    EXPECT_THAT(pull_from(folder / "plain").error().detail, HasSubstr("no YAML"));
}

TEST_F(FolderSourceTest, AVersionIsWhatItWasThoughNothingPinsIt) {
    test::write(folder / "plain/5.0.0/falco_rules.yaml", "- list: a\n");
    ASSERT_TRUE(pull_from(folder / "plain"));
    test::write(folder / "plain/5.0.0/falco_rules.yaml", "[]\n");
    const auto got = pull_from(folder / "plain");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, errc::conflict);
    EXPECT_THAT(got.error().detail, HasSubstr("a version does not change"));
    EXPECT_EQ(file("falco_rules.yaml"), "- list: a\n");
}

TEST_F(FolderSourceTest, WhatIsNoSourceIsSaid) {
    EXPECT_FALSE(open(folder / "nowhere"));
    EXPECT_THAT(open("http://registry.example/a").error().detail, HasSubstr("plain HTTP"));
    EXPECT_FALSE(open("ftp://registry.example/a"));
    EXPECT_FALSE(open("https://registry.example/a?b"));
    EXPECT_TRUE(open("http://127.0.0.1:5000/a"));
}

}  // namespace
}  // namespace falconer::oci

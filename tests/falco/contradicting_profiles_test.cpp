// Profiles that name the same version and say different things of it: one verdict, which is clear
// and does not depend on who came first.
#include "falconer/falco/version_policy.hpp"
#include "review_fixture.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

using ::testing::HasSubstr;

class ContradictingProfiles : public Review {
protected:
    static falco_profile profile(const std::string& name, const std::string& versions) {
        auto decoded = decode_falco_profile(yaml(
            "apiVersion: falco.gardener.cloud/v1alpha1\nkind: FalcoProfile\nmetadata: {name: " +
            name + "}\nspec: {versions: {falco: [" + versions + "]}}"
        ));
        EXPECT_TRUE(decoded.problems.empty());
        return decoded.profile;
    }
    /// What is said of a shoot on each version and of one on none, of where each would move, and to
    /// the operator.
    std::string everything_said() {
        std::string all;
        for (const auto* version : {"", "0.42.1", "0.43.0", "0.44.1"}) {
            const auto fields =
                *version ? "falcoVersion: " + std::string(version) : "autoUpdate: true";
            for (const auto phase : {review_phase::mutate, review_phase::validate})
                all += json_text(ask(phase, review(shoot(config_of(fields)))).response) + '\n';
            if (!*version) continue;
            for (const auto follows : {auto_update::on, auto_update::off}) {
                const auto move  = plan_version(garden.there.falco, version, follows, now);
                all             += move.target.value_or("stays") + ": " + move.reason + '\n';
            }
            all += notice_of_end(garden.there.falco, version, now) + '\n';
        }
        for (const auto& each : garden.there.warnings) all += each + '\n';
        return all;
    }
};

TEST_F(ContradictingProfiles, WhoeverComesFirstTheVerdictIsTheMostCarefulAndTheSame) {
    std::vector all{
        profile(
            "b",
            "{version: 0.42.1, rulesVersion: 5.0.0, classification: supported}, {version: "
            "0.43.0, rulesVersion: 5.0.0, classification: supported}, {version: 0.44.1, "
            "rulesVersion: 5.1.0, classification: supported}"
        ),
        profile(
            "a",
            "{version: 0.43.0, rulesVersion: 5.0.0, classification: supported, "
            "expirationDate: '2020-01-01T00:00:00Z'}"
        ),
        profile("c", "{version: 0.44.1, rulesVersion: 5.1.0, classification: preview}")
    };
    std::ranges::sort(all, {}, &falco_profile::name);
    std::optional<std::string> first;
    do {
        garden.there    = merge(all);
        const auto said = everything_said();
        if (!first) first = said;
        EXPECT_EQ(said, *first);
    } while (std::ranges::next_permutation(all, {}, &falco_profile::name).found);

    const auto refused = validate(shoot(config_of("falcoVersion: 0.43.0")));
    EXPECT_FALSE(refused.allowed());
    EXPECT_THAT(
        refused.message(),
        HasSubstr("'0.43.0' expired at 2020-01-01T00:00:00Z (FalcoProfiles disagree; a: "
                  "2020-01-01T00:00:00Z, b: never); there are: 0.42.1")
    );
    // A new config: neither what has ended for one of them, nor what is a preview for another.
    const auto fresh = config_in(mutated(shoot(config_of("autoUpdate: true"))));
    EXPECT_EQ(fresh.text_at({"falcoVersion"}), "0.42.1");
    EXPECT_EQ(plan_version(garden.there.falco, "0.43.0", auto_update::off, now).target, "0.42.1");
    EXPECT_THAT(
        garden.there.warnings,
        ::testing::IsSupersetOf(
            {"falco 0.43.0: FalcoProfiles disagree about expirationDate (a: 2020-01-01T00:00:00Z, "
             "b: never); 2020-01-01T00:00:00Z counts",
             "falco 0.44.1: FalcoProfiles disagree about classification (b: supported, c: "
             "preview); "
             "preview counts"}
        )
    );
}

}  // namespace
}  // namespace falconer::falco

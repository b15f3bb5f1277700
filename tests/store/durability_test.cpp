#include "store/durability.hpp"

#include "store/pg_hosts.hpp"

#include <gmock/gmock.h>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DurabilityTest, NothingIsSaidOfWhatIsSafe) {
    EXPECT_THAT(risks_of({}), IsEmpty());
    durability_settings how;
    how.several_hosts             = true;
    how.synchronous_standby_names = "ANY 1 (a, b)";
    EXPECT_THAT(risks_of(how), IsEmpty());
    how.synchronous_commit = "remote_apply";
    EXPECT_THAT(risks_of(how), IsEmpty());
}

TEST(DurabilityTest, EachSettingThatLosesEventsIsNamed) {
    EXPECT_THAT(
        risks_of({.synchronous_commit = "off"}), ElementsAre(HasSubstr("synchronous_commit is off"))
    );
    EXPECT_THAT(risks_of({.fsync = false}), ElementsAre(HasSubstr("fsync is off")));
    EXPECT_THAT(
        risks_of({.synchronous_standby_names = " ", .several_hosts = true}),
        ElementsAre(HasSubstr("synchronous_standby_names is empty"))
    );
    EXPECT_THAT(
        risks_of(
            {.synchronous_commit = "local", .synchronous_standby_names = "*", .several_hosts = true}
        ),
        ElementsAre(HasSubstr("synchronous_commit is local"))
    );
    EXPECT_THAT(risks_of({.synchronous_commit = "local"}), IsEmpty()) << "there is no other";
}

TEST(DurabilityTest, AnOlderTimelineOfTheSameSystemIsOutdated) {
    host_memory memory;
    EXPECT_FALSE(memory.is_outdated({"1", 1}));
    memory.saw({"1", 2});
    EXPECT_TRUE(memory.is_outdated({"1", 1}));
    EXPECT_FALSE(memory.is_outdated({"1", 2}));
    EXPECT_FALSE(memory.is_outdated({"2", 1})) << "a store that was made anew";
    memory.saw({"1", 1});
    EXPECT_EQ(memory.newest_timeline(), 2);
}

TEST(DurabilityTest, OtherHostsAreAskedOnceAndInDoubtNotAllTheTime) {
    host_memory memory;
    const auto  now = steady_time{} + 1h;
    EXPECT_TRUE(memory.must_ask_others(now));
    memory.asked_others(now);
    EXPECT_FALSE(memory.must_ask_others(now + 1h));
    memory.doubt();
    EXPECT_FALSE(memory.must_ask_others(now + 1s));
    EXPECT_TRUE(memory.must_ask_others(now + 5s));
    memory.asked_others(now + 5s);
    EXPECT_FALSE(memory.must_ask_others(now + 1h));
}

}  // namespace
}  // namespace falconer::store

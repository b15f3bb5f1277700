#include "store/pg_hosts.hpp"

#include "falconer/steady_time_source.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using ways = std::vector<std::string>;

TEST(Preference, WhatHasWorkedComesFirstAndWhatFailedLongestAgoBeforeTheOthers) {
    const ways all{"a", "b", "c", "d"};
    preference order;
    EXPECT_EQ(order.in_order(all), all);
    order.failed("a");
    EXPECT_THAT(order.in_order(all), ElementsAre("b", "c", "d", "a"));
    order.worked("c");
    EXPECT_THAT(order.in_order(all), ElementsAre("c", "b", "d", "a"));
    order.failed("b");
    EXPECT_THAT(order.in_order(all), ElementsAre("c", "d", "a", "b"));
    order.failed("a");
    EXPECT_THAT(order.in_order(all), ElementsAre("c", "d", "b", "a"));
    order.failed("c");
    EXPECT_THAT(order.in_order(all), ElementsAre("d", "b", "a", "c")) << "and is no favourite now";
    order.worked("a");
    EXPECT_THAT(order.in_order(all), ElementsAre("a", "d", "b", "c"));
    EXPECT_EQ(order.failures(), 4u);
}

TEST(Preference, WhatIsNoneAnyLongerIsForgotten) {
    preference order;
    order.worked("a");
    order.failed("b");
    EXPECT_THAT(order.in_order({"c", "d"}), ElementsAre("c", "d"));
    order.keep_only({"c", "d"});
    EXPECT_THAT(order.in_order({"b", "c", "a"}), ElementsAre("b", "c", "a"));
}

TEST(Preference, AnAttemptThatIsBrokenOffHasFailed) {
    preference order;
    {
        attempt one(order, "a");
        one.worked();
    }
    EXPECT_EQ(order.best(), "a");
    {
        const attempt one(order, "a");
    }
    EXPECT_EQ(order.best(), "");
    EXPECT_THAT(order.in_order({"a", "b"}), ElementsAre("b", "a"));
}

TEST(Hosts, AListIsTakenApartAndEachIsAskedOnce) {
    EXPECT_THAT(hosts_in("one"), ElementsAre("one"));
    EXPECT_THAT(hosts_in("one,/run/two,::1,one"), ElementsAre("one", "/run/two", "::1"));
    EXPECT_THAT(hosts_in(""), IsEmpty());
}

failure said(errc code) {
    return {code, "it said " + make_error_code(code).message()};
}

TEST(Refusals, OfOneHostWhatItSaysAtOneAddressCounts) {
    refusals all;
    all.add("::1", said(errc::denied));
    all.add("127.0.0.1", said(errc::unavailable));
    EXPECT_EQ(all.of_one_host().code, errc::denied);
    EXPECT_THAT(
        all.of_one_host().detail, AllOf(HasSubstr("::1: it said"), HasSubstr("; 127.0.0.1: it"))
    );
    refusals one;
    one.add("::1", said(errc::timed_out));
    EXPECT_EQ(one.of_one_host().code, errc::timed_out);
    EXPECT_EQ(one.of_one_host().detail, said(errc::timed_out).detail);
}

TEST(Refusals, WhileOneHostIsAwayNobodyIsDenied) {
    const auto sum = [](std::initializer_list<errc> codes) {
        refusals all;
        for (const auto each : codes) all.add("host", said(each));
        return all.of_all_hosts().code;
    };
    EXPECT_EQ(sum({errc::denied, errc::denied}), errc::denied);
    EXPECT_EQ(sum({errc::denied, errc::timed_out}), errc::unavailable);
    EXPECT_EQ(sum({errc::timed_out, errc::timed_out}), errc::timed_out);
    EXPECT_EQ(sum({errc::timed_out, errc::unavailable}), errc::unavailable);
    EXPECT_EQ(sum({}), errc::unavailable);
}

class AddressesTest : public ::testing::Test {
protected:
    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    host_memory        memory;
    /// What no name server is asked: a name's parts have 63 letters at most. Source: RFC 1035
    /// §2.3.4
    const std::string no_such = std::string(64, 'x') + ".invalid";

    result<ways> of(const std::string& host) {
        return falconer::test::run(
            loop, addresses_of(loop.get_executor(), time, host, memory, falconer::test::patience)
        );
    }
};

TEST_F(AddressesTest, WhatIsNoNameIsNotLookedUp) {
    EXPECT_THAT(*of("/run/postgresql"), ElementsAre(""));
    EXPECT_THAT(*of("192.0.2.1"), ElementsAre("192.0.2.1"));
    EXPECT_THAT(*of("2001:db8::1"), ElementsAre("2001:db8::1"));
}

TEST_F(AddressesTest, ANameThatCannotBeLookedUpIsWhereItWasTheLastTime) {
    const auto unknown = of(no_such);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, errc::unavailable);
    EXPECT_THAT(unknown.error().detail, HasSubstr("resolving " + no_such));
    memory.found(no_such, {"192.0.2.1", "192.0.2.2"});
    EXPECT_THAT(*of(no_such), ElementsAre("192.0.2.1", "192.0.2.2"));
}

TEST_F(AddressesTest, WhereANameWasIsRemembered) {
    const auto found = of("localhost");
    ASSERT_TRUE(found) << found.error().detail;
    EXPECT_EQ(memory.known("localhost"), *found);
}

}  // namespace
}  // namespace falconer::store

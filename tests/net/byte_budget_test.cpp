#include "net/byte_budget.hpp"

#include "support/actor_fixture.hpp"

namespace falconer::net {
namespace {

using use = byte_budget::use;

class ByteBudgetTest : public test::actor_fixture {
protected:
    byte_budget budget{loop.get_executor(), 1000};

    /// A request that holds something and may wait for more.
    struct request {
        explicit request(byte_budget& of) : memory(of), ticket(of) {}
        byte_budget::share  memory;
        byte_budget::ticket ticket;
    };
    using waiting = std::shared_ptr<std::optional<bool>>;

    waiting wait(request& who, use what, std::size_t bytes) {
        auto answer = start(who.memory.wait_for(what, bytes, who.ticket));
        time.settle();
        return answer;
    }
    static bool given(const waiting& answer) { return answer->has_value() && **answer; }
    std::unique_ptr<request> one() { return std::make_unique<request>(budget); }
};

TEST_F(ByteBudgetTest, WhatIsHeldIsGivenBack) {
    {
        const auto a = one();
        EXPECT_TRUE(a->memory.try_take(use::small, 700));
        a->memory.shrink_to(300);
        EXPECT_EQ(budget.used(), 300u);
        a->memory.shrink_to(500);
        EXPECT_EQ(a->memory.held(), 300u) << "it only shrinks";
    }
    EXPECT_EQ(budget.used(), 0u);
}

TEST_F(ByteBudgetTest, ThreeQuartersAreForTheLargeAndHalfForStrangers) {
    const auto large = one(), stranger = one(), small = one(), favourite = one(), late = one();
    EXPECT_TRUE(stranger->memory.try_take(use::stranger, 500));
    EXPECT_TRUE(large->memory.try_take(use::large, 250));
    EXPECT_TRUE(favourite->memory.try_take(use::large, 1)) << "one may go beyond";
    EXPECT_FALSE(late->memory.try_take(use::large, 1));
    EXPECT_TRUE(small->memory.try_take(use::small, 249)) << "and is not in the way of the small";
    EXPECT_EQ(budget.used(), 1000u);
}

TEST_F(ByteBudgetTest, TwoWhoHoldAllAndWantMoreDoNotWaitForEachOther) {
    auto       first  = one();
    const auto second = one();
    EXPECT_TRUE(first->memory.try_take(use::large, 400));
    EXPECT_TRUE(second->memory.try_take(use::large, 350));
    EXPECT_TRUE(first->memory.try_take(use::large, 400)) << "beyond the total";
    EXPECT_FALSE(second->memory.try_take(use::large, 350));
    const auto answer = wait(*second, use::large, 350);
    EXPECT_FALSE(given(answer));
    EXPECT_EQ(budget.waiting(), 1u);
    EXPECT_TRUE(first->memory.try_take(use::large, 400)) << "and again, until it ends";
    first.reset();
    time.settle();
    EXPECT_TRUE(given(answer));
    EXPECT_EQ(budget.used(), 700u);
}

TEST_F(ByteBudgetTest, WhoWaitsIsServedInTurnAndSomebodyAlwaysIs) {
    auto       first = one(), favourite = one();
    const auto second = one(), third = one();
    EXPECT_TRUE(first->memory.try_take(use::large, 750));
    EXPECT_TRUE(favourite->memory.try_take(use::large, 900));
    const auto two = wait(*second, use::large, 800), three = wait(*third, use::large, 10);
    first.reset();
    time.settle();
    EXPECT_FALSE(given(two) || given(three)) << "too large for what is left, and behind it";
    favourite.reset();
    time.settle();
    EXPECT_TRUE(given(two)) << "the favourite now, although it alone is more than there is";
    EXPECT_FALSE(given(three));
    third->ticket.give_up();
    time.settle();
}

TEST_F(ByteBudgetTest, WhoGivesUpGetsNothingAndIsInNobodysWay) {
    auto       first     = one();
    const auto favourite = one(), second = one(), third = one();
    EXPECT_TRUE(first->memory.try_take(use::large, 700));
    EXPECT_TRUE(favourite->memory.try_take(use::large, 100));
    const auto two = wait(*second, use::large, 700), three = wait(*third, use::large, 10);
    first->memory.shrink_to(600);
    time.settle();
    EXPECT_FALSE(given(three));
    second->ticket.give_up();
    time.settle();
    EXPECT_TRUE(two->has_value() && !**two);
    EXPECT_TRUE(given(three));
    EXPECT_EQ(second->memory.held(), 0u);
}

}  // namespace
}  // namespace falconer::net

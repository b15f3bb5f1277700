// Secrets that were damaged, half-written or exchanged.
#include "certificate_plan_fixture.hpp"

#include <gmock/gmock.h>

namespace falconer::falco {
namespace {

using test::days;
using test::the_start;
using namespace std::chrono_literals;
using step = certificate_step;

struct damage {
    const char* name;
    const char* key;
    const char* value;  // null: without the key
    step        server, client;
};

class CertificatePlanDamaged : public testing::TestWithParam<damage> {};

TEST_P(CertificatePlanDamaged, IsMendedWithAsLittleAsPossible) {
    const auto& what  = GetParam();
    const auto  first = plan(std::nullopt, the_start);
    const auto  now   = the_start + days(10);
    const auto  bad =
        what.value ? changed(first.kept, what.key, what.value) : without(first.kept, what.key);
    const auto made = plan(bad, now);
    EXPECT_EQ(made.server.step, what.server) << made.server.why;
    EXPECT_EQ(made.client.step, what.client) << made.client.why;
    EXPECT_TRUE(made.write);
    EXPECT_TRUE(they_talk(made.delivery, made.delivery, now));
    // All else being well, old and new pods still talk, unless the plan says that they may not.
    if (!made.server.abrupt && !made.client.abrupt) {
        EXPECT_TRUE(they_talk(first.delivery, made.delivery, now));
        EXPECT_TRUE(they_talk(made.delivery, first.delivery, now));
    }
    // And it ends: in a settled Secret that is left alone.
    auto last = made;
    for (int i = 0; i < 5; ++i) last = plan(last.kept, now + i * 1h, all_have(last));
    EXPECT_FALSE(last.write);
    EXPECT_EQ(last.kept.data.size(), 8U);
}

INSTANTIATE_TEST_SUITE_P(
    Secrets, CertificatePlanDamaged,
    testing::Values(
        damage{"NoServerLeaf", "server.crt", nullptr, step::renew_leaf, step::keep},
        damage{"NoServerKey", "server.key", nullptr, step::renew_leaf, step::keep},
        damage{"CorruptClientLeaf", "client.crt", "-----BEGIN", step::keep, step::renew_leaf},
        damage{"CorruptClientKey", "client.key", "?", step::keep, step::renew_leaf},
        damage{"NoServerAuthority", "server-ca.cert", nullptr, step::start_anew, step::keep},
        damage{"CorruptClientAuthority", "client-ca.crt", "\xff", step::keep, step::start_anew},
        damage{"NoServerAuthorityKey", "server-ca.key", nullptr, step::introduce, step::keep},
        damage{"CorruptClientAuthorityKey", "client-ca.key", "?", step::keep, step::introduce},
        damage{"HalfAServerRotation", "server-ca-next.crt", "?", step::introduce, step::keep},
        damage{"HalfAClientRotation", "client-ca-next.key", "?", step::keep, step::introduce},
        damage{"CorruptPrevious", "server-ca-previous.crt", "?", step::retire, step::keep}
    ),
    [](const auto& each) { return each.param.name; }
);

}  // namespace
}  // namespace falconer::falco

#include "app/listeners.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/io_context.hpp>

namespace falconer::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr auto header =
    "apiVersion: falco.extensions.config.gardener.cloud/v1alpha1\nkind: Configuration\n";

std::vector<std::string> problems(const std::string& text, const std::set<std::string>& roles) {
    return clashing_listeners(read_configuration("f.yaml", header + text, {}), roles);
}

bool both(const char* one, const char* other) {
    const auto first = parse_endpoint(one).value(), second = parse_endpoint(other).value();
    EXPECT_EQ(clash(first, second), clash(second, first));
    return !clash(first, second);
}

TEST(ListenersTest, AnUnspecifiedAddressClashesWithWhatItTakes) {
    EXPECT_FALSE(both("127.0.0.1:80", "127.0.0.1:80"));
    EXPECT_FALSE(both("[::]:80", "127.0.0.1:80"));
    EXPECT_FALSE(both("[::]:80", "[::1]:80"));
    EXPECT_FALSE(both("[::]:80", "0.0.0.0:80"));
    EXPECT_FALSE(both("0.0.0.0:80", "127.0.0.1:80"));
    EXPECT_FALSE(both("[::ffff:127.0.0.1]:80", "127.0.0.1:80"));
    EXPECT_TRUE(both("127.0.0.1:80", "127.0.0.1:81"));
    EXPECT_TRUE(both("127.0.0.1:80", "127.0.0.2:80"));
    EXPECT_TRUE(both("127.0.0.1:0", "127.0.0.1:0"));
    EXPECT_TRUE(both("[::]:0", "[::]:0"));
}

TEST(ListenersTest, EachPairThatClashesIsAProblemWithBothPlaces) {
    EXPECT_THAT(
        problems(
            "ingestor:\n  listen: 127.0.0.1:9\nadmission:\n  listen: 127.0.0.2:9\nmetrics:\n  "
            "listen: '[::]:9'\n",
            {"ingestor", "admission"}
        ),
        ElementsAre(
            "f.yaml:8: metrics.listen: [::]:9 clashes with ingestor.listen, 127.0.0.1:9 "
            "(f.yaml:4): each needs a port of its own",
            "f.yaml:8: metrics.listen: [::]:9 clashes with admission.listen, 127.0.0.2:9 "
            "(f.yaml:6): each needs a port of its own"
        )
    );
    EXPECT_THAT(
        problems("health:\n  listen: :8080\n", {}),
        ElementsAre("f.yaml:4: health.listen: [::]:8080 clashes with metrics.listen, [::]:8080 (by "
                    "default): each needs a port of its own")
    );
}

TEST(ListenersTest, OnlyRolesThatRunListen) {
    const auto* text = "metrics:\n  listen: 127.0.0.1:3200\n";
    EXPECT_THAT(problems(text, {"controller"}), IsEmpty());
    EXPECT_THAT(problems(text, {"ingestor"}), SizeIs(1));
    EXPECT_THAT(problems("metrics:\n  listen: here\nhealth:\n  listen: :8080\n", {}), IsEmpty());
}

TEST(ListenersTest, AllThatAreTakenAreNamedAtOnce) {
    asio::io_context        loop;
    const auto              local = asio::ip::address_v4::loopback();
    asio::ip::tcp::acceptor one(loop, {local, 0}), other(loop, {local, 0});
    const auto              first = one.local_endpoint(), second = other.local_endpoint();
    EXPECT_TRUE(all_free({{"metrics.listen", "metrics port", {local, 0}}}));
    const auto both_taken = all_free(
        {{"ingestor.listen", "ingest port", first},
         {"metrics.listen", "metrics port", {local, 0}},
         {"health.listen", "health port", second}}
    );
    ASSERT_FALSE(both_taken);
    EXPECT_EQ(
        both_taken.error().detail,
        "ingestor.listen " + endpoint_text(first) + ", health.listen " + endpoint_text(second) +
            " are in use: other programs listen there; stop them, or choose another `listen`"
    );
    // 192.0.2.0/24 is nobody's. Source: RFC 5737
    const auto not_here =
        all_free({{"health.listen", "health port", parse_endpoint("192.0.2.1:80").value()}});
    ASSERT_FALSE(not_here);
    EXPECT_THAT(
        not_here.error().detail,
        AllOf(HasSubstr("health.listen 192.0.2.1:80 ("), Not(HasSubstr("in use")))
    );
}

}  // namespace
}  // namespace falconer::app

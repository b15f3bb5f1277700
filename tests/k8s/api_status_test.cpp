#include "k8s/api_status.hpp"

#include "support/yaml.hpp"

#include <gtest/gtest.h>

namespace falconer::k8s {
namespace {

using std::chrono::seconds;

net::http_response answer(unsigned status, std::string body = {}) {
    return {.status = status, .body = std::move(body)};
}

TEST(ApiStatusTest, EachCodeAndReasonHasItsOwnError) {
    const std::pair<unsigned, errc> plain[] = {
        {400, errc::malformed},   {401, errc::denied},      {403, errc::denied},
        {404, errc::not_found},   {405, errc::broken},      {409, errc::conflict},
        {410, errc::expired},     {413, errc::too_large},   {415, errc::broken},
        {422, errc::malformed},   {429, errc::overloaded},  {500, errc::unavailable},
        {502, errc::unavailable}, {503, errc::unavailable}, {504, errc::timed_out},
    };
    for (const auto& [status, code] : plain) {
        const auto got = failure_of(answer(status));
        EXPECT_EQ(got.code, code) << status;
        const auto* const more = status == 404 ? ": the server does not serve that" : "";
        EXPECT_EQ(got.detail, "HTTP " + std::to_string(status) + more);
    }
    EXPECT_EQ(
        failure_of(answer(409, R"({"reason":"AlreadyExists","message":"it is there"})")).code,
        errc::already_exists
    );
    EXPECT_EQ(failure_of(answer(410, R"({"reason":"Expired"})")).code, errc::expired);
}

TEST(ApiStatusTest, TheServersOwnSentenceIsKeptInOneLine) {
    const auto got = failure_of(answer(422, "{\"message\":\"a is wrong\\nand b\"}"));
    EXPECT_EQ(got.detail, "a is wrong\\x0aand b");
    EXPECT_EQ(failure_of(answer(502, "<html>")).detail, "HTTP 502");
}

TEST(ApiStatusTest, TheServersWishToBeLeftAloneIsHeardWithinReason) {
    auto told = answer(429);
    told.headers.add("Retry-After", "7");
    EXPECT_EQ(retry_after(told), seconds(7));
    EXPECT_EQ(retry_after(answer(429, R"({"details":{"retryAfterSeconds":3}})")), seconds(3));
    EXPECT_EQ(retry_after(answer(429)), std::nullopt);
    auto never = answer(503);
    never.headers.add("Retry-After", "999999999");
    EXPECT_EQ(retry_after(never), seconds(120));
    auto date = answer(503);
    date.headers.add("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT");
    EXPECT_EQ(retry_after(date), std::nullopt);
}

}  // namespace
}  // namespace falconer::k8s

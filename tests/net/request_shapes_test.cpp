// Shapes of requests that different servers understand differently. Each is fed whole and byte by
// byte.
#include "net/http_codec.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace falconer::net {
namespace {

using namespace std::string_literals;

struct shape {
    const char* name;
    std::string bytes;
    unsigned    status;  // 0: it is fine
};

void PrintTo(const shape& one, std::ostream* out) {
    *out << one.name;
}

std::string get(const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}
std::string post(const std::string& fields, const std::string& body) {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}
std::string chunks(const std::string& body) {
    return post("Transfer-Encoding: chunked\r\n", body);
}

const shape shapes[] = {
    {"Plain", get(""), 0},
    {"TabsAndBlanksAroundAValue", get("A: \t x y \t\r\n"), 0},
    {"NotAsciiInAValue", get("A: \xc3\xa9\r\n"), 0},
    {"OldVersionWithoutHost", "GET / HTTP/1.0\r\n\r\n", 0},
    {"Options", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 0},
    {"LengthZero", post("Content-Length: 0\r\n", ""), 0},
    {"Chunks", chunks("3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), 0},
    {"ChunkExtensions",
     chunks("C8;a=\"b;\\\"c\" ; d\r\n" + std::string(200, 'x') + "\r\n0;e\r\n\r\n"), 0},
    {"FoldedTrailer", chunks("0\r\nA: b\r\n c\r\n\r\n"), 0},  // dropped like any other
    {"ChunkedInCapitals", post("transfer-encoding: CHUNKED\r\n", "0\r\n\r\n"), 0},
    {"ContinueExpected", post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "x"), 0},

    {"LengthAndChunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
     400},
    {"ChunksAndLength", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
     400},
    {"TwoLengths", post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"), 400},
    {"TheSameLengthTwice", post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"), 400},
    {"AListOfLengths", post("Content-Length: 1, 1\r\n", "a"), 400},
    {"ASignedLength", post("Content-Length: +1\r\n", "a"), 400},
    {"ANegativeLength", post("Content-Length: -1\r\n", "a"), 400},
    {"AHexLength", post("Content-Length: 0x1\r\n", "a"), 400},
    {"AnEmptyLength", post("Content-Length:\r\n", ""), 400},
    {"ALengthOf2To64", post("Content-Length: 18446744073709551616\r\n", ""), 400},
    {"OtherCoding", post("Transfer-Encoding: gzip\r\n", ""), 400},
    {"TwoCodings", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400},
    {"ChunkedTwice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400},
    {"TwoCodingFields",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"CodingWithParameter", post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"), 400},
    {"CodingInQuotes", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 400},
    {"CodingInOldVersion", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"Identity", post("Transfer-Encoding: identity\r\n", ""), 400},

    {"FoldedField", get("A: b\r\n c\r\n"), 400},
    {"FoldedWithTab", get("A: b\r\n\tc\r\n"), 400},
    {"BlankBeforeTheFirstField", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
    {"BlankBeforeColon", get("A : b\r\n"), 400},
    {"CodingWithBlankBeforeColon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400},
    {"NoColon", get("A\r\n"), 400},
    {"NoName", get(": b\r\n"), 400},
    {"NameInBrackets", get("A(b): c\r\n"), 400},
    {"NulInValue", get("A: b\0c\r\n"s), 400},
    {"NulInName", get("A\0: c\r\n"s), 400},
    {"BellInValue", get("A: \x07\r\n"), 400},
    {"DeleteInValue", get("A: \x7f\r\n"), 400},
    {"BareLf", "GET / HTTP/1.1\nHost: h\n\n", 400},
    {"OneBareLf", get("A: b\nTransfer-Encoding: chunked\r\n"), 400},
    {"BareCr", get("A: b\rTransfer-Encoding: chunked\r\n"), 400},
    {"CrCrLf", get("A: b\r\r\n"), 400},
    {"LfEndsTheHeader", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
    {"BlankFirstLine", "\r\n" + get(""), 400},
    {"LfFirst", "\n" + get(""), 400},

    {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
    {"TwoHosts", get("Host: h\r\n"), 400},
    {"AListOfHosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
    {"HostWithUser", "GET / HTTP/1.1\r\nHost: me@h\r\n\r\n", 400},
    {"AbsoluteTarget", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"AuthorityTarget", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"StarForGet", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"TargetWithFragment", "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"TargetWithBlank", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"TwoBlanksInTheFirstLine", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"TabInTheFirstLine", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"BlankAtTheEndOfTheFirstLine", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
    {"MethodIsNoToken", "G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"NoVersion", "GET /\r\nHost: h\r\n\r\n", 400},
    {"VersionInSmallLetters", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
    {"VersionWithTwoDigits", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
    {"ATlsClient", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, 400},
    {"Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"Http12", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
    {"Http09", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
    {"AnotherExpectation", get("Expect: miracles\r\n"), 417},

    {"ChunkSizeGarbage", chunks("zz\r\nabc\r\n"), 400},
    {"ChunkSizeEmpty", chunks("\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeSigned", chunks("+3\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeWithBlank", chunks(" 3\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeWith0x", chunks("0x3\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeOverflow", chunks("10000000000000003\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeHuge", chunks("FFFFFFFFFFFFFFFF\r\nabc"), 413},
    {"ChunkEndsEarly", chunks("2\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkEndsInLf", chunks("3\r\nabc\n0\r\n\r\n"), 400},
    {"ChunkHeaderEndsInLf", chunks("3\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkExtensionWithLf", chunks("3;a\nb\r\nabc\r\n0\r\n\r\n"), 400},
    {"LengthAsTrailer", chunks("0\r\nContent-Length: 3\r\n\r\n"), 400},
    {"LongerThanTheLimit", post("Content-Length: 1001\r\n", ""), 413},
    {"ChunksLongerThanTheLimit", chunks("3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\n"), 413},
    {"HeaderLongerThanTheLimit", get("A: " + std::string(600, 'a') + "\r\n"), 431},
    {"ManyFields", get([] {
         std::string all;
         for (int i = 0; i < 200; ++i) all += "A:b\r\n";
         return all;
     }()),
     431},
    {"AFirstLineWithoutEnd", "GET /" + std::string(600, 'a'), 431},
};

/// Feeds portions until it is refused or at its end. Returns the status of the refusal, or 0.
unsigned verdict(std::string_view bytes, std::size_t step, bool& whole) {
    request_decoder decoder{{.header_bytes = 512, .body_bytes = 1000}};
    std::string     waiting;
    for (;;) {
        waiting += bytes.substr(0, step);
        bytes.remove_prefix(std::min(step, bytes.size()));
        auto used = decoder.feed(waiting);
        if (!used) return decoder.refusal().status;
        waiting.erase(0, *used);
        whole = decoder.done();
        if (whole || bytes.empty()) return 0;
    }
}

class RequestShapeTest : public ::testing::TestWithParam<shape> {};

TEST_P(RequestShapeTest, GetsItsVerdictInPortionsOfAnySize) {
    for (const std::size_t step : {1u, 2u, 5u, 4096u}) {
        bool whole = false;
        EXPECT_EQ(verdict(GetParam().bytes, step, whole), GetParam().status) << "step " << step;
        EXPECT_EQ(whole, GetParam().status == 0) << "step " << step;
    }
}

INSTANTIATE_TEST_SUITE_P(All, RequestShapeTest, ::testing::ValuesIn(shapes), [](const auto& one) {
    return one.param.name;
});

// Found by fuzzing: a chunk's size was counted against the limit each time its header was looked
// at.
TEST(RequestChunkTest, IsCountedOnceHoweverOftenItsHeaderIsLookedAt) {
    request_decoder decoder{{.header_bytes = 512, .body_bytes = 1000}};
    std::string     waiting;
    for (const char c : chunks("C8;a=\"no end\r\nin sight")) {
        waiting   += c;
        auto used  = decoder.feed(waiting);
        ASSERT_TRUE(used) << used.error().detail;
        waiting.erase(0, *used);
    }
    EXPECT_FALSE(decoder.done());
}

TEST(RequestTrailerTest, IsNotTakenForAField) {
    request_decoder decoder{{}};
    ASSERT_TRUE(decoder.feed(chunks("1\r\nx\r\n0\r\nAuthorization: Bearer t\r\n\r\n")));
    ASSERT_TRUE(decoder.done());
    const auto request = decoder.take();
    EXPECT_EQ(request.body, "x");
    EXPECT_FALSE(request.headers.find("Authorization"));
}

TEST(RequestHeadTest, IsGivenBeforeTheBodyIsTouched) {
    request_decoder decoder{{}};
    const auto      bytes = post("Content-Length: 5\r\n", "hello");
    auto            used  = decoder.feed_head(bytes);
    ASSERT_TRUE(used);
    EXPECT_EQ(*used, bytes.size() - 5);
    ASSERT_TRUE(decoder.head_done());
    EXPECT_EQ(decoder.head().content_length, 5u);
    EXPECT_EQ(decoder.head().body.capacity(), std::string().capacity());
    EXPECT_FALSE(decoder.done());
    ASSERT_TRUE(decoder.feed("hello"));
    EXPECT_EQ(decoder.take().body, "hello");
}

}  // namespace
}  // namespace falconer::net

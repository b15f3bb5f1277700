// What a schema's formats take: what kube-apiserver 1.34 said to each of these texts on 2026-12-01,
// when objects of a type with a field for each format were created with them.
#include "sandbox/kube_api/formats.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

using texts = std::vector<std::string>;

const texts& asked() {
    static const texts all{
        "",
        "a",
        "A",
        "abc.de",
        "ABC.de",
        "-a",
        "a-",
        "a_b",
        "a..b",
        "a.",
        "http://a.b/c",
        "http://",
        "a b",
        "/path",
        "mailto:a@b.c",
        "a@b",
        "a@b.c",
        "A <a@b.c>",
        "a@",
        "1.2.3.4",
        "1.2.3",
        "01.2.3.4",
        "256.1.1.1",
        "::1",
        "::ffff:1.2.3.4",
        "fe80::1%eth0",
        "1::2::3",
        "10.0.0.0/8",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "fd00::/8",
        "10.0.0.0",
        "00:11:22:33:44:55",
        "00-11-22-33-44-55",
        "0011.2233.4455",
        "00:11:22:33:44",
        "123e4567-e89b-12d3-a456-426614174000",
        "123e4567-e89b-42d3-a456-426614174000",
        "123E4567-E89B-42D3-A456-426614174000",
        "123e4567e89b42d3a456426614174000",
        "123e4567-e89b-32d3-a456-426614174000",
        "123e4567-e89b-52d3-a456-426614174000",
        "123e4567-e89b-42d3-c456-426614174000",
        "0-321-75104-3",
        "978-0321751041",
        "0321751043",
        "9780321751041",
        "0321751044",
        "4111111111111111",
        "4111-1111-1111-1111",
        "4111111111111112",
        "111-11-1111",
        "000-11-1111",
        "111111111",
        "#fff",
        "fff",
        "#FFFFFF",
        "#ffff",
        "rgb(1,2,3)",
        "rgb(256,0,0)",
        "rgb( 1 , 2 , 3 )",
        "RGB(1,2,3)",
        "rgb(1,2)",
        "aGVsbG8=",
        "aGVsbG8",
        "aGVs",
        "a===",
        "YQ==\n",
        "Y Q==",
        "2026-11-23",
        "2026-1-23",
        "2026-02-30",
        "2026-13-01",
        "1h",
        "1h30m",
        "3 days",
        "1d",
        "1.5h",
        "-1h",
        "P1D",
        "1w",
        "10",
        "1 hour",
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00.123Z",
        "2026-11-23T12:00:00+02:00",
        "2026-11-23T12:00:00",
        "2026-11-23t12:00:00z",
        "2026-11-23 12:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T12:00:00.1234567891Z",
        "507f1f77bcf86cd799439011",
        "507f1f77bcf86cd79943901",
        "507F1F77BCF86CD799439011",
        "xn--bcher-kva.example",
        "bücher.example",
        "1.2.3.4:80",
        "[::1]",
        "localhost",
        "127.1",
        "1e3",
        "0x10"
    };
    return all;
}

/// Those that were taken.
const std::vector<std::pair<std::string, std::set<std::string>>>& taken() {
    static const std::vector<std::pair<std::string, std::set<std::string>>> all{
        {"bsonobjectid", {"507f1f77bcf86cd799439011", "507F1F77BCF86CD799439011"}},
        {"uri", {"http://a.b/c", "http://", "/path", "mailto:a@b.c", "fe80::1%eth0", "fd00::/8"}},
        {"email", {"a@b", "a@b.c", "A <a@b.c>"}},
        {"hostname",
         {"a",
          "A",
          "abc.de",
          "ABC.de",
          "a-",
          "123e4567e89b42d3a456426614174000",
          "0321751043",
          "9780321751041",
          "0321751044",
          "4111111111111111",
          "4111111111111112",
          "111111111",
          "fff",
          "aGVsbG8=",
          "aGVsbG8",
          "aGVs",
          "a===",
          "1h",
          "1h30m",
          "1d",
          "P1D",
          "1w",
          "10",
          "507f1f77bcf86cd799439011",
          "507f1f77bcf86cd79943901",
          "507F1F77BCF86CD799439011",
          "xn--bcher-kva.example",
          "bücher.example",
          "localhost",
          "1e3",
          "0x10"}},
        {"ipv4", {"1.2.3.4", "01.2.3.4", "::ffff:1.2.3.4", "10.0.0.0"}},
        {"ipv6", {"::1", "::ffff:1.2.3.4"}},
        {"cidr", {"10.0.0.0/8", "10.0.0.1/8", "fd00::/8"}},
        {"mac",
         {"00:11:22:33:44:55", "00-11-22-33-44-55", "0011.2233.4455", "4111111111111111",
          "4111111111111112"}},
        {"uuid",
         {"123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174000",
          "123E4567-E89B-42D3-A456-426614174000", "123e4567e89b42d3a456426614174000",
          "123e4567-e89b-32d3-a456-426614174000", "123e4567-e89b-52d3-a456-426614174000",
          "123e4567-e89b-42d3-c456-426614174000"}},
        {"uuid3", {"123e4567-e89b-32d3-a456-426614174000"}},
        {"uuid4",
         {"123e4567-e89b-42d3-a456-426614174000", "123E4567-E89B-42D3-A456-426614174000",
          "123e4567e89b42d3a456426614174000"}},
        {"uuid5", {"123e4567-e89b-52d3-a456-426614174000"}},
        {"isbn", {"0-321-75104-3", "978-0321751041", "0321751043", "9780321751041"}},
        {"isbn10", {"0-321-75104-3", "0321751043"}},
        {"isbn13", {"978-0321751041", "9780321751041"}},
        {"creditcard", {"4111111111111111", "4111-1111-1111-1111"}},
        {"ssn", {"111-11-1111", "000-11-1111"}},
        {"hexcolor", {"#fff", "fff", "#FFFFFF", "1e3"}},
        {"rgbcolor", {"rgb(1,2,3)", "rgb( 1 , 2 , 3 )"}},
        {"byte",
         {"123e4567e89b42d3a456426614174000", "4111111111111111", "4111111111111112",
          "aGVsbG8=", "aGVs", "507f1f77bcf86cd799439011", "507F1F77BCF86CD799439011", "0x10"}},
        {"date", {"2026-11-23"}},
        {"duration",
         {"123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174000",
          "123E4567-E89B-42D3-A456-426614174000", "123e4567e89b42d3a456426614174000",
          "123e4567-e89b-32d3-a456-426614174000", "123e4567-e89b-52d3-a456-426614174000",
          "123e4567-e89b-42d3-c456-426614174000", "1h", "1h30m", "3 days", "1d", "1.5h", "-1h",
          "P1D", "1w", "1 hour"}},
        {"datetime",
         {"2026-11-23T12:00:00Z", "2026-11-23T12:00:00.123Z", "2026-11-23T12:00:00+02:00",
          "2026-11-23t12:00:00z", "2026-11-23T12:00:00.1234567891Z"}},
    };
    return all;
}

TEST(Formats, AreWhatARealServerTakesThemFor) {
    for (const auto& [format, good] : taken())
        for (const auto& text : asked())
            EXPECT_EQ(has_format(text, format), good.contains(text)) << format << ": " << text;
}

TEST(Formats, LongNamesAreNoHosts) {
    const std::string label(63, 'a');
    EXPECT_TRUE(has_format(label + ".de", "hostname"));
    EXPECT_FALSE(has_format(label + "a.de", "hostname"));
    EXPECT_FALSE(has_format(label + "." + label + "." + label + "." + label + ".de", "hostname"));
}

TEST(Formats, WhatNobodyKnowsSaysNothing) {
    for (const auto* format : {"password", "made-up", "int32", "k8s-short-name"})
        EXPECT_TRUE(has_format("anything at all", format)) << format;
    EXPECT_EQ(
        has_format("2026-11-23T12:00:00Z", "date-time"),
        has_format("2026-11-23T12:00:00Z", "datetime")
    );
}

}  // namespace
}  // namespace falconer::sandbox

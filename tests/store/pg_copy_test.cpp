#include "store/pg_copy.hpp"
#include "store/pg_result.hpp"

#include <gtest/gtest.h>

namespace falconer::store {
namespace {

using namespace std::string_view_literals;
using namespace std::chrono_literals;

TEST(PgCopyTest, WritesTheDocumentedBytes) {
    pg_copy copy;
    copy.begin();
    copy.row(3);
    copy.text("ab");
    copy.timestamp(std::chrono::sys_days{std::chrono::year{2000} / 1 / 1} + 258us);
    copy.json("{}");
    EXPECT_EQ(
        copy.end(),
        "PGCOPY\n\377\r\n\0"
        "\0\0\0\0"
        "\0\0\0\0"
        "\0\3"
        "\0\0\0\2"
        "ab"
        "\0\0\0\10"
        "\0\0\0\0\0\0\1\2"
        "\0\0\0\3"
        "\1{}"
        "\377\377"sv
    );
}

TEST(PgCopyTest, AnObjectHasTheSizeOfWhatIsSentNotOfWhatCame) {
    pg_copy copy;
    copy.begin();
    copy.object(R"({ "bb": 1, "a" :2 })", 7);
    copy.int2(1);
    EXPECT_EQ(
        copy.end().substr(19),
        "\0\0\0\22"
        "\1{\"a\" :2 ,\"bb\": 1}"
        "\0\0\0\2\0\1"
        "\377\377"sv
    );
}

TEST(PgCopyTest, WhatIsToComeIsPutIntoEveryRow) {
    pg_copy copy;
    copy.begin();
    for (int row = 0; row < 2; ++row) copy.int8_to_come();
    copy.put_in(0x0102'0304'0506'0708);
    EXPECT_EQ(
        copy.end().substr(19),
        "\0\0\0\10"
        "\1\2\3\4\5\6\7\10"
        "\0\0\0\10"
        "\1\2\3\4\5\6\7\10"
        "\377\377"sv
    );
    copy.begin();  // of those that were there nothing is left
    copy.int2(1);
    copy.put_in(5);
    EXPECT_EQ(copy.end().substr(19), "\0\0\0\2\0\1\377\377"sv);
}

TEST(PgCopyTest, TimesBefore2000AreNegative) {
    pg_copy copy;
    copy.begin();
    copy.timestamp(std::chrono::sys_days{std::chrono::year{2000} / 1 / 1} - 1us);
    EXPECT_EQ(copy.end().substr(23, 8), "\377\377\377\377\377\377\377\377"sv);
}

TEST(SqlStateTest, EveryClassHasItsMeaning) {
    EXPECT_EQ(errc_of("57014"), errc::timed_out);
    EXPECT_EQ(errc_of("57P01"), errc::unavailable);
    EXPECT_EQ(errc_of("57P03"), errc::unavailable);
    EXPECT_EQ(errc_of("08006"), errc::unavailable);
    EXPECT_EQ(errc_of("53300"), errc::overloaded);
    EXPECT_EQ(errc_of("53100"), errc::overloaded);  // disk full: the spool takes over
    EXPECT_EQ(errc_of("40P01"), errc::overloaded);
    EXPECT_EQ(errc_of("28P01"), errc::denied);
    EXPECT_EQ(errc_of("42501"), errc::denied);
    EXPECT_EQ(errc_of("42P01"), errc::broken);
    EXPECT_EQ(errc_of("23505"), errc::conflict);
    EXPECT_EQ(errc_of("22021"), errc::malformed);
    EXPECT_EQ(errc_of("22P02"), errc::malformed);
    EXPECT_EQ(errc_of("54000"), errc::too_large);
    EXPECT_EQ(errc_of(""), errc::broken);
}

}  // namespace
}  // namespace falconer::store

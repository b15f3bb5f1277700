#include "cli/printable.hpp"

#include <gtest/gtest.h>

namespace falconer::cli {
namespace {

TEST(PrintableTest, NothingMovesACursor) {
    EXPECT_EQ(printable("a\x1b[2Jb\n\x7f", 100), "a?[2Jb??");
    // CSI as one character of eight bits, as U+009B, and the last control, U+009F.
    EXPECT_EQ(
        printable(
            "a\x9b"
            "2J",
            100
        ),
        "a?2J"
    );
    EXPECT_EQ(
        printable(
            "a\xC2\x9b"
            "2J\xC2\x9F",
            100
        ),
        "a?2J?"
    );
    EXPECT_EQ(printable("\xC2\xA0\xC3\xA4\xE2\x82\xAC\xF0\x9F\xA6\x85", 100), "\xC2\xA0ä€🦅");
    EXPECT_EQ(printable("\xC0\x9B\xE2\x82", 100), "????") << "no UTF-8";
}

TEST(PrintableTest, IsCutBetweenCharacters) {
    EXPECT_EQ(printable("aä", 2), "a");
    EXPECT_EQ(printable("aä", 3), "aä");
    EXPECT_EQ(printable("", 3), "");
}

TEST(PrintableTest, LinesStayLinesAndTheRestIsSeen) {
    EXPECT_EQ(printable_lines("{\n\t\"a\": \"ä\"\n}"), "{\n\t\"a\": \"ä\"\n}");
    EXPECT_EQ(printable_lines("\x1b[2J\r\xC2\x9b\x9b"), "\\x1b[2J\\x0d\\xc2\\x9b\\x9b");
}

}  // namespace
}  // namespace falconer::cli

#include "app/shell_word.hpp"

#include <gtest/gtest.h>

namespace falconer::app {
namespace {

TEST(ShellWordTest, IsQuotedWhereAShellWouldMakeSomethingOfIt) {
    EXPECT_EQ(shell_word("/var/lib/falconer-1.2_x"), "/var/lib/falconer-1.2_x");
    EXPECT_EQ(shell_word("/a b/it's"), R"('/a b/it'\''s')");
    EXPECT_EQ(shell_word("$HOME"), "'$HOME'");
    EXPECT_EQ(shell_word("~"), "'~'");
    EXPECT_EQ(shell_word("/größe"), "'/größe'");
    EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace falconer::app

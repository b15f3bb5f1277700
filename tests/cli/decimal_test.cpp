#include "cli/decimal.hpp"

#include <gmock/gmock.h>

#include <optional>

namespace falconer::cli {
namespace {

/// What a command takes the word for; nothing: it refuses it.
template <class Number>
std::optional<Number> taken(const std::string& word) {
    CLI::App app;
    Number   number = 0;
    app.add_option("n", number, "")
        ->required()
        ->transform(a_decimal)
        ->check(CLI::Range(-5, 36'500));
    std::vector<std::string> words{word, "--"};  // from behind
    try {
        app.parse(words);
    } catch (const CLI::ParseError&) {
        return std::nullopt;
    }
    return number;
}

TEST(DecimalTest, IsWhatPeopleTakeItFor) {
    EXPECT_EQ(taken<int>("17"), 17);
    EXPECT_EQ(taken<int>("030"), 30) << "the library alone: 24";
    EXPECT_EQ(taken<std::int64_t>("0010"), 10);
    EXPECT_EQ(taken<int>("-3"), -3);
    EXPECT_EQ(taken<int>("36500"), 36'500);
}

TEST(DecimalTest, IsNothingElse) {
    for (const auto* word :
         {"0x10", "1e3", "+5", " 5", "5 ", "", "x", "3.0", "99999999999999999999", "36501", "-6"})
        EXPECT_EQ(taken<std::int64_t>(word), std::nullopt) << word;
}

}  // namespace
}  // namespace falconer::cli

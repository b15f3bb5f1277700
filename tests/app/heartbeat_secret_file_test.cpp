#include "app/heartbeat_secret_file.hpp"

#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace falconer::app {
namespace {

using ::testing::HasSubstr;

class HeartbeatSecretFileTest : public ::testing::Test {
protected:
    test::temporary_folder      place{"falconer-heartbeat"};
    const std::filesystem::path file = place.path() / "secret";
    heartbeat_secret_file       us{file};

    /// As Kubernetes swaps the files of a mounted Secret: another one stands there.
    void write(const std::string& text) {
        const auto fresh = place.path() / "fresh";
        std::ofstream(fresh) << text;
        std::filesystem::rename(fresh, file);
    }
};

TEST_F(HeartbeatSecretFileTest, WithoutAFileThereIsNone) {
    heartbeat_secret_file none;
    const auto            read = none.read();
    ASSERT_TRUE(read);
    EXPECT_FALSE(*read);
    EXPECT_TRUE(none.now().empty());
}

TEST_F(HeartbeatSecretFileTest, IsReadAgainWhenItChangesAndKeptWhenItBreaks) {
    const std::string first(40, 'a'), second(40, 'b');
    write(first + '\n');
    auto read = us.read();
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_TRUE(*read);
    EXPECT_EQ(us.now().reveal(), first) << "the line's end is none of it";
    EXPECT_FALSE(*us.read());

    write("short");
    const auto wrong = us.read();
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().detail, HasSubstr("expected 32 bytes at least, found 5"));
    EXPECT_TRUE(us.read()) << "said once";
    EXPECT_EQ(us.now().reveal(), first);

    write(second);
    EXPECT_TRUE(*us.read());
    EXPECT_EQ(us.now().reveal(), second);
}

TEST_F(HeartbeatSecretFileTest, AFileThatIsNotThereIsNamed) {
    const auto wrong = us.read();
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().detail, HasSubstr(file.string()));
}

}  // namespace
}  // namespace falconer::app

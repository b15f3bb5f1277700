#include "falconer/read_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace falconer {
namespace {

namespace fs = std::filesystem;

class ReadFileTest : public ::testing::Test {
protected:
    fs::path dir = make_directory();

    ~ReadFileTest() override { fs::remove_all(dir); }

    static fs::path make_directory() {
        auto name = (fs::temp_directory_path() / "falconer-read-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        return name;
    }
    static std::string why(const fs::path& file, std::size_t most = 100) {
        const auto got = read_file(file, most);
        return got ? "" : got.error().detail;
    }
};

TEST_F(ReadFileTest, YieldsAllOfIt) {
    const std::string all = "one\0two\n", none;
    std::ofstream(dir / "a") << all;
    std::ofstream(dir / "empty") << none;
    EXPECT_EQ(*read_file(dir / "a"), all);
    EXPECT_EQ(*read_file(dir / "empty"), "");
    EXPECT_EQ(why(dir / "a", all.size()), "");
}

TEST_F(ReadFileTest, SaysOfWhateverIsNoFileWhatItIs) {
    EXPECT_EQ(why(dir), "Is a directory");
    EXPECT_EQ(why(dir / "missing"), "No such file or directory");
    ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(why(dir / "pipe"), "Not a regular file") << "and nobody waits for its writer";
    std::ofstream(dir / "large") << std::string(101, 'x');
    EXPECT_EQ(why(dir / "large"), "has more than 100 bytes");
    EXPECT_EQ(why(dir / "large" / "file"), "Not a directory");
}

}  // namespace
}  // namespace falconer

#include "app/token_mints.hpp"

#include "falconer/net/jwt.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

class TokenMintsTest : public ::testing::Test {
protected:
    test::temporary_folder   folder;
    const std::string        file = folder / "mint.pem";
    falco::operator_settings settings{};
    const utc_time           now = std::chrono::system_clock::now();

    void SetUp() override {
        write(*net::private_key::generate(2048));
        settings.central.enabled      = true;
        settings.central.token_issuer = {.inline_key = {}, .file = file};
    }
    void write(const net::private_key& key) { write_text(key.pem().reveal()); }
    void write_text(const std::string& text) {
        // Another file in its place, as kubelet does it.
        std::ofstream(file + ".new") << text;
        std::filesystem::rename(file + ".new", file);
    }
};

TEST_F(TokenMintsTest, AKeyThatWasReplacedSignsFromThenOn) {
    auto mints = *token_mints::of(settings);
    EXPECT_FALSE(*mints.reload(settings)) << "nothing has changed";
    const auto old = *mints.issue("shoot--a--b", cluster_token::central, 1h, now);
    EXPECT_TRUE(mints.read(old));
    write(*net::private_key::generate(2048));
    EXPECT_TRUE(*mints.reload(settings));
    EXPECT_FALSE(mints.read(old)) << "so that another is made";
    EXPECT_TRUE(mints.read(*mints.issue("shoot--a--b", cluster_token::central, 1h, now)));
}

TEST_F(TokenMintsTest, AFileThatIsNoKeyLeavesTheOldOneInUseAndIsSaidOnce) {
    auto       mints = *token_mints::of(settings);
    const auto old   = *mints.issue("shoot--a--b", cluster_token::central, 1h, now);
    write_text("none");
    EXPECT_FALSE(mints.reload(settings));
    EXPECT_TRUE(mints.reload(settings)) << "the same file again is no news";
    EXPECT_TRUE(mints.read(old));
    std::filesystem::remove(file);
    EXPECT_FALSE(mints.reload(settings));
    EXPECT_TRUE(mints.read(old));
}

}  // namespace
}  // namespace falconer::app

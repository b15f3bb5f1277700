#include "app/kubectl.hpp"

#include <gtest/gtest.h>

namespace falconer::app {
namespace {

TEST(KubectlTest, IsUsableFrom130On) {
    for (const char* version : {"v1.30.0", "v1.32.4-dispatcher", "v1.34.4", "v2.0.0"})
        EXPECT_TRUE(is_usable_kubectl(
            std::string(R"({"clientVersion": {"gitVersion": ")") + version +
            R"("}})"
            "\n"
        )) << version;
    for (const char* said :
         {"", "sh: kubectl: not found", "{", R"({"clientVersion": {"gitVersion": "v1.29.9"}})",
          R"({"clientVersion": {"gitVersion": "v1.3.0"}})", R"({"clientVersion": {}})", "}{"})
        EXPECT_FALSE(is_usable_kubectl(said)) << said;
}

}  // namespace
}  // namespace falconer::app

// What small objects take in memory, beside their JSON: promises' "≤ 2 × its JSON".
#include "sandbox/kube_api/store.hpp"
#include "support/manual_time.hpp"

#include <gtest/gtest.h>

#include <malloc.h>

#include <cstddef>
#include <functional>
#include <string>

#if defined(__SANITIZE_ADDRESS__)
// Source: LLVM's sanitizer/allocator_interface.h, which Debian's GCC does not bring; its library
// has the function.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace falconer::sandbox {
namespace {

/// Bytes that are allocated now; with sanitizers, as they were asked for.
std::size_t allocated() {
#if defined(__SANITIZE_ADDRESS__)
    return __sanitizer_get_current_allocated_bytes();
#else
    return mallinfo2().uordblks;
#endif
}

class ApiMemoryTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};

    /// Of memory for a byte of JSON.
    double bytes_each(const kube_type& type, const std::function<value(int)>& make) {
        constexpr int of_the_first = 200, counted = 3000;
        std::size_t   json = 0, before = 0;
        for (int i = 0; i < of_the_first + counted; ++i) {
            if (i == of_the_first) before = allocated();
            const auto made =
                store.create(type, {"default", "o-" + std::to_string(i)}, make(i), {});
            EXPECT_TRUE(made) << made.error().detail;
            if (i >= of_the_first) json += json_text(*made).size();
        }
        return static_cast<double>(allocated() - before) / static_cast<double>(json);
    }
};

TEST_F(ApiMemoryTest, ALeaseTakesNoMoreThanTwiceItsJson) {
    const kube_type leases{.group = "coordination.k8s.io", .kind = "Lease", .plural = "leases"};
    const auto      each = bytes_each(leases, [](int) {
        return value{{"spec", {{"holderIdentity", "me"}, {"leaseDurationSeconds", 15}}}};
    });
    EXPECT_LE(each, 2.0);
    RecordProperty("bytes_for_a_byte", std::to_string(each));
}

TEST_F(ApiMemoryTest, NorDoesTheSmallestMap) {
    const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
    EXPECT_LE(bytes_each(config_maps, [](int) { return value{{"data", {{"a", "b"}}}}; }), 2.0);
}

TEST_F(ApiMemoryTest, NorOneWithKeysThatNobodyElseHas) {
    const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
    const auto      make = [](int number) {
        value made;
        for (int key = 0; key < 20; ++key)
            made["data"]["key-" + std::to_string(number) + "-" + std::to_string(key) + ".yaml"] =
                "xxxxxxxxxxxxxxxxxxxx";
        return made;
    };
    EXPECT_LE(bytes_each(config_maps, make), 2.0);
}

TEST_F(ApiMemoryTest, NorDoesAnExtension) {
    const kube_type extensions{
        .group   = "extensions.gardener.cloud",
        .version = "v1alpha1",
        .kind    = "Extension",
        .plural  = "extensions"
    };
    EXPECT_LE(
        bytes_each(
            extensions, [](int) { return value{{"spec", {{"type", "shoot-falco-service"}}}}; }
        ),
        2.0
    );
}

}  // namespace
}  // namespace falconer::sandbox

// The API server that kubernetes.py has started and names in KUBECONFIG.
#include "support/api_under_test.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace falconer::test {
namespace {

class named_api final : public api_under_test {
public:
    std::filesystem::path kubeconfig() const override {
        const char* const file = std::getenv("KUBECONFIG");
        EXPECT_NE(file, nullptr) << "kube_apiserver_test.py runs this";
        return file == nullptr ? "" : file;
    }
};

}  // namespace

std::unique_ptr<api_under_test> start_api(asio::io_context&, time_source&) {
    return std::make_unique<named_api>();
}

}  // namespace falconer::test

// The API server that a test asks. Each test program brings its own.
#pragma once

#include "falconer/time_source.hpp"

#include <asio/io_context.hpp>

#include <filesystem>
#include <memory>

namespace falconer::test {

class api_under_test {
public:
    virtual ~api_under_test() = default;

    virtual std::filesystem::path kubeconfig() const = 0;
    virtual void                  stop() {}
};
std::unique_ptr<api_under_test> start_api(asio::io_context& loop, time_source& time);

}  // namespace falconer::test

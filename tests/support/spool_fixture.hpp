// A spool in memory or in a folder that goes with the test, and calls without coroutines.
#pragma once

#include "ingest/spool.hpp"

#include "support/actor_fixture.hpp"
#include "support/spool_batches.hpp"
#include "support/spool_files.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace falconer::test {

class folder {
public:
    folder() {
        std::string name = ::testing::TempDir() + "falconer-spool-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string path(const std::string& name = "spool") const { return path_ + "/" + name; }

private:
    std::string path_;
};

class spool_fixture : public ::testing::Test {
protected:
    using opened = result<std::unique_ptr<ingest::disk_spool>>;

    asio::io_context                    loop{1};
    manual_time                         time{loop};
    memory_disk                         disk;
    folder                              place;
    std::unique_ptr<ingest::disk_spool> spool;

    opened try_open(ingest::disk_spool::options opt) {
        return run(loop, ingest::disk_spool::open(loop.get_executor(), time, std::move(opt)));
    }
    void open(std::uint64_t capacity = 1 << 20, std::uint64_t segment_bytes = 4096) {
        spool.reset();
        auto got = try_open(
            {.capacity      = capacity,
             .segment_bytes = segment_bytes,
             .files         = std::make_unique<memory_files>(disk)}
        );
        ASSERT_TRUE(got) << got.error().detail;
        spool = *std::move(got);
    }
    void open_folder() {
        spool.reset();
        auto got = try_open({.directory = place.path(), .segment_bytes = 4096});
        ASSERT_TRUE(got) << got.error().detail;
        spool = *std::move(got);
    }
    void close() {
        run(loop, spool->close());
        spool.reset();
    }
    result<void> append(const record_batch& batch) { return run(loop, spool->append(batch)); }
    result<void> append(std::uint64_t number, std::size_t size = 100) {
        return append(batch_number(number, size));
    }
    void append_all(std::uint64_t from, std::uint64_t to, std::size_t size = 100) {
        for (auto number = from; number <= to; ++number) EXPECT_TRUE(append(number, size));
    }
    /// 0: nothing waits.
    std::uint64_t front() {
        auto next = run(loop, spool->front(0));  // one by one
        EXPECT_TRUE(next);
        return next && *next ? number_of(**next) : 0;
    }
    result<void>               pop() { return run(loop, spool->pop()); }
    std::vector<std::uint64_t> take(std::size_t most = 10'000) {
        std::vector<std::uint64_t> all;
        for (auto number = front(); number != 0 && all.size() < most; number = front()) {
            all.push_back(number);
            EXPECT_TRUE(pop());
            if (all.size() == most) break;
        }
        return all;
    }
};

template <class T>
std::error_code code_of(const result<T>& got) {
    return got ? std::error_code{} : got.error().code;
}

}  // namespace falconer::test

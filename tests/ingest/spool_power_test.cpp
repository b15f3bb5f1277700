// Random work on a disk that fails now and then, ended by kills and power cuts.
// FALCONER_SPOOL_CASES says how many, FALCONER_SPOOL_SEED which is the first.
#include "support/spool_fixture.hpp"

#include "falconer/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace falconer::test {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class SpoolPowerTest : public spool_fixture {
protected:
    SpoolPowerTest() { log_of("spool").set_level(spdlog::level::off); }
    ~SpoolPowerTest() override { log_of("spool").set_level(spdlog::level::info); }

    std::size_t below(std::size_t sides) { return static_cast<std::size_t>(source() % sides); }

    void work() {
        switch (below(14)) {
            case 0: disk.failing_syncs = 1 + static_cast<int>(below(2)); break;
            case 1: disk.capacity = disk.used() + below(3000); break;
            case 2: disk.capacity = ~std::uint64_t{0}; break;
            case 3: disk.cutting_fails = !disk.cutting_fails; break;
            case 4: disk.failing_directory_syncs = 1; break;
            case 5: disk.longest_write = 1 + below(200); break;
            case 6:
            case 7:
            case 8: replay_one(); break;
            case 9: close(); [[fallthrough]];
            case 10: start(); break;
            default:
                ++last;
                if (append(last, 50 + below(900))) kept.push_back(last);
        }
    }
    /// Without close(): as after a kill. What was done may come again from its beginning.
    void start() {
        open(1 << 20, segment_bytes);
        before = 0;
    }
    /// What was acknowledged comes in order; before it what was done may come again, and anywhere
    /// what was refused although the disk has it.
    void replay_one() {
        const auto now = front();
        if (now == 0) {
            ASSERT_TRUE(kept.empty()) << "lost: " << kept.front();
            return;
        }
        ASSERT_LE(now, last) << "never appended";
        ASSERT_GT(now, before) << "out of order";
        before = now;
        if (!kept.empty() && now == kept.front())
            kept.erase(kept.begin());
        else
            ASSERT_TRUE(kept.empty() || now < kept.front()) << "passed over: " << kept.front();
        ASSERT_TRUE(pop());
    }

    std::mt19937_64            source{};
    std::uint64_t              segment_bytes = 4096;
    std::vector<std::uint64_t> kept{};  // acknowledged, not replayed
    std::uint64_t              last   = 0;
    std::uint64_t              before = 0;  // the last one replayed since the start
};

TEST_F(SpoolPowerTest, WhateverFailsAndEndsEverythingAcknowledgedIsReplayedInOrder) {
    const auto first = number_from("FALCONER_SPOOL_SEED", 1);
    const auto cases = number_from("FALCONER_SPOOL_CASES", 400);
    for (auto seed = first; seed < first + cases; ++seed) {
        SCOPED_TRACE("FALCONER_SPOOL_SEED=" + std::to_string(seed));
        source.seed(seed);
        spool.reset();
        disk = {};
        kept.clear();
        last = before = 0;
        segment_bytes = 4096 + below(20'000);
        start();
        for (int lives = 0; lives < 3; ++lives) {
            for (int step = 0; step < 40; ++step) {
                ASSERT_NO_FATAL_FAILURE(work()) << "step " << step;
            }
            spool.reset();
            disk.lose_power(source);
            disk.capacity = ~std::uint64_t{0};
            ASSERT_NO_FATAL_FAILURE(start());
        }
        disk.cutting_fails = false;
        for (int most = 0; most < 1000 && front() != 0; ++most)
            ASSERT_NO_FATAL_FAILURE(replay_one());
        ASSERT_TRUE(kept.empty()) << kept.size() << " lost, the first " << kept.front();
        ASSERT_EQ(spool->status().pending, 0u);
        ASSERT_EQ(spool->status().bytes, 0u);
    }
}

}  // namespace
}  // namespace falconer::test

#include "base/log_outlet.hpp"

#include "falconer/log.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <sstream>

namespace falconer {
namespace {

using namespace std::chrono_literals;

/// Two ends, of which a test reads one.
class LogOutletTest : public testing::Test {
protected:
    std::array<int, 2> ends{-1, -1};  // 0 is read

    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
    void TearDown() override {
        for (const int each : ends)
            if (each >= 0) ::close(each);
    }
    void make_pipe() { ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
    void make_sockets() { ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0); }

    /// What is there to be read now.
    std::string read_all() const {
        ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        std::string            all;
        std::array<char, 4096> some{};
        for (ssize_t n = 0; (n = ::read(ends[0], some.data(), some.size())) > 0;)
            all.append(some.data(), static_cast<std::size_t>(n));
        return all;
    }

    /// Writes far more than anybody takes; each line ends in its number.
    static void flood(log_outlet& into, int lines) {
        for (int i = 0; i < lines; ++i)
            into.write(std::string(1000, 'x') + ' ' + std::to_string(i) + '\n');
    }
    static void expect_whole_lines_in_order(const std::string& text, int lines) {
        std::istringstream in(text);
        int                next = 0;
        for (std::string line; std::getline(in, line); ++next)
            ASSERT_EQ(line, std::string(1000, 'x') + ' ' + std::to_string(next));
        EXPECT_EQ(next, lines);
    }
};

TEST_F(LogOutletTest, WhoeverReadsGetsItAtOnce) {
    make_pipe();
    log_outlet out(ends[1]);
    out.write("one\n");
    out.write("two\n");
    EXPECT_EQ(read_all(), "one\ntwo\n");
    EXPECT_EQ(out.dropped(), 0u);
}

TEST_F(LogOutletTest, AReaderThatStandsStillIsNotWaitedForAndWhatIsDroppedIsCounted) {
    for (const bool socket : {false, true}) {
        socket ? make_sockets() : make_pipe();
        log_outlet out(ends[1], 50'000);
        flood(out, 2000);
        EXPECT_GT(out.dropped(), 1000u);
        EXPECT_FALSE(out.flush());
        EXPECT_FALSE(out.flush(1ms));
        std::string text;
        do {
            text += read_all();
        } while (!out.flush());
        text += read_all();
        expect_whole_lines_in_order(text, 2000 - static_cast<int>(out.dropped()));
        EXPECT_EQ(::fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0) << "it is not ours alone";
        TearDown();
    }
    ends = {-1, -1};
}

TEST_F(LogOutletTest, AReaderThatHasGoneEndsNothing) {
    make_pipe();
    log_outlet out(ends[1]);
    out.write("one\n");
    ::close(std::exchange(ends[0], -1));
    out.write("two\n");
    out.write("three\n");
    EXPECT_EQ(out.dropped(), 2u);
    EXPECT_TRUE(out.flush());
}

TEST_F(LogOutletTest, WhatTakesThePlaceOfTheDescriptorIsNoticed) {
    make_pipe();
    log_outlet out(ends[1]);
    out.write("one\n");
    EXPECT_EQ(read_all(), "one\n");
    const auto before = ends;
    make_pipe();
    ::dup2(ends[1], before[1]);
    out.write("two\n");
    EXPECT_EQ(read_all(), "two\n");
    for (const int each : before) ::close(each);
}

TEST_F(LogOutletTest, TheLogSaysHowManyLinesWereDroppedAndGoesOn) {
    make_pipe();
    const int kept = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    const auto before = log_lines_dropped();
    for (int i = 0; i < 3000; ++i) log_of("test").info("{}", std::string(1000, 'x'));
    const auto  dropped = log_lines_dropped() - before;
    std::string text;
    for (int i = 0; i < 100; ++i) {
        text += read_all();
        flush_log();
    }
    log_of("test").info("afterwards");
    text += read_all();
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    EXPECT_GT(dropped, 1000u);
    EXPECT_THAT(
        text,
        testing::HasSubstr("because nobody read them in time lines=" + std::to_string(dropped))
    );
    EXPECT_THAT(text, testing::EndsWith("test: afterwards\n"));
}

}  // namespace
}  // namespace falconer

// Spools cut and bent in every way a seed can think of: what is intact comes back, and only that.
#include "ingest/spool_log.hpp"
#include "ingest/spool_record.hpp"

#include "support/spool_batches.hpp"
#include "support/spool_files.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace falconer::ingest {
namespace {

using test::batch_number;
using test::memory_disk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t salt = 0x5A17'5A17'5A17'5A17;

std::unique_ptr<spool_log> open_log(memory_disk& disk) {
    auto log = spool_log::open(
        std::make_unique<test::memory_files>(disk), {.segment_bytes = 4096, .salt = salt}
    );
    EXPECT_TRUE(log) << log.error().detail;
    return log ? *std::move(log) : nullptr;
}

result<void> append(spool_log& log, const record_batch& batch) {
    std::string frame(frame_header_bytes, '\0');
    encode_batch(batch, frame);
    return log.append(
        std::move(frame), static_cast<std::uint32_t>(batch.records.size()), oldest_receipt(batch)
    );
}

std::vector<record_batch> drain(spool_log& log) {
    std::vector<record_batch> all;
    for (;;) {
        auto next = log.front(0);
        EXPECT_TRUE(next);
        if (!next || !*next) return all;
        all.push_back(**std::move(next));
        EXPECT_TRUE(log.pop());
    }
}

std::vector<std::uint64_t> numbers(const std::vector<record_batch>& batches) {
    std::vector<std::uint64_t> all;
    for (const auto& each : batches) all.push_back(test::number_of(each));
    return all;
}

/// A frame as it was written: which file, which bytes, whose batch.
struct written {
    std::string   file{};
    std::size_t   begin = 0, size = 0;
    std::string   bytes{};
    std::uint32_t records = 0;
    record_batch  batch{};

    bool is_whole(const memory_disk& disk) const {
        const auto& now = disk.files.at(file)->now;
        return now.size() >= begin + size && now.compare(begin, size, bytes) == 0;
    }
    /// Gone without a trace: the file ends at or before its first byte.
    bool is_cut_away(const memory_disk& disk) const {
        return disk.files.at(file)->now.size() <= begin;
    }
};

class spool_case {
public:
    explicit spool_case(unsigned seed) : dice_(seed) {
        auto       log   = open_log(disk);
        const auto count = roll(4, 24);
        for (unsigned i = 0; i < count; ++i) {
            const auto size = roll(0, 9) == 0 ? roll(0, 6000) : roll(0, 500);
            auto       each = batch_number(i + 1, size, static_cast<int>(roll(1, 3)));
            EXPECT_TRUE(append(*log, each));
            batches_.push_back(std::move(each));
        }
        log.reset();  // as if killed
        find_frames();
    }

    void damage() {
        for (auto times = roll(1, 3); times > 0; --times) damage_once();
    }

    unsigned roll(unsigned from, unsigned to) {
        return std::uniform_int_distribution<unsigned>(from, to)(dice_);
    }

    memory_disk          disk;
    std::vector<written> frames;

private:
    void find_frames() {
        test::memory_files files(disk);
        auto               found = survey_spool(files);
        ASSERT_TRUE(found);
        std::size_t number = 0;
        for (const auto& segment : found->segments) {
            const auto name = segment_name(segment.sequence);
            for (const auto& at : segment.frames) {
                const auto size = frame_header_bytes + at.payload;
                frames.push_back(
                    {.file    = name,
                     .begin   = at.offset,
                     .size    = size,
                     .bytes   = disk.bytes_of(name).substr(at.offset, size),
                     .records = at.records,
                     .batch   = batches_.at(number++)}
                );
            }
        }
        ASSERT_EQ(number, batches_.size());
    }

    void damage_once() {
        const auto segments = disk.named(".segment");
        auto&      bytes    = disk.bytes_of(
            roll(0, 2) == 0 ? segments.back()
                            : segments[roll(0, static_cast<unsigned>(segments.size()) - 1)]
        );
        if (bytes.empty()) return;
        const auto last = static_cast<unsigned>(bytes.size()) - 1;
        const auto at   = roll(0, last);
        switch (roll(0, 4)) {
            case 0: bytes.resize(at); break;
            case 1: std::fill(bytes.begin() + at, bytes.begin() + roll(at, last) + 1, '\0'); break;
            case 2:
                for (auto i = at; i <= std::min(last, at + roll(0, 40)); ++i)
                    bytes[i] = static_cast<char>(roll(0, 255));
                break;
            default:
                for (auto flips = roll(1, 8); flips > 0; --flips) {
                    auto& byte = bytes[roll(0, last)];
                    byte       = static_cast<char>(byte ^ (1 << roll(0, 7)));
                }
        }
    }

    std::mt19937              dice_;
    std::vector<record_batch> batches_;
};

std::string text_of(const std::vector<spool_note>& notes) {
    std::string all;
    for (const auto& note : notes) all += note.text + "\n";
    return all;
}

void check(spool_case& now) {
    std::uint64_t               lost            = 0;
    bool                        must_be_counted = false;
    std::vector<const written*> whole;
    const auto                  last = now.disk.named(".segment").back();
    for (auto frame = now.frames.rbegin(); frame != now.frames.rend(); ++frame) {
        if (frame->is_whole(now.disk)) {
            whole.push_back(&*frame);
            continue;
        }
        lost += frame->records;
        // Nobody can miss what a cut between two frames took away, nor tell whether the last frame
        // of all was still being written.
        const bool followed  = !whole.empty() && whole.back()->file == frame->file;
        must_be_counted     |= followed || (!frame->is_cut_away(now.disk) && frame->file != last);
    }
    std::ranges::reverse(whole);
    const auto log = open_log(now.disk);
    ASSERT_NE(log, nullptr);
    const auto notes = text_of(log->take_notes());
    EXPECT_LE(log->status().damaged, lost);
    if (must_be_counted) {
        EXPECT_GE(log->status().damaged, 1u);
        EXPECT_THAT(notes, HasSubstr("offset="));
    }
    std::uint64_t waiting = 0;
    for (const auto* frame : whole) waiting += frame->records;
    EXPECT_EQ(log->status().pending, waiting);

    const auto got = drain(*log);
    ASSERT_EQ(got.size(), whole.size());
    for (std::size_t i = 0; i < got.size(); ++i)
        EXPECT_TRUE(test::same(got[i], whole[i]->batch)) << "batch " << i;
    EXPECT_EQ(log->status().pending, 0u);

    EXPECT_TRUE(append(*log, batch_number(1000)));
    EXPECT_THAT(numbers(drain(*log)), ElementsAre(1000));
}

unsigned cases() {
    const char* const told = std::getenv("FALCONER_SPOOL_CASES");
    return told != nullptr ? static_cast<unsigned>(std::strtoul(told, nullptr, 10)) : 5'000;
}

TEST(SpoolDamage, EveryIntactBatchComesBackAndNothingElseWhateverWasCutOrBent) {
    for (unsigned seed = 1; seed <= cases(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        spool_case one(seed);
        one.damage();
        check(one);
        if (::testing::Test::HasFailure()) return;  // one seed says enough
    }
}

TEST(SpoolDamage, WhereverTheLastSegmentIsCutTheBatchesBeforeComeBackAndNothingCountsAsDamaged) {
    spool_case one(7);
    const auto name  = one.disk.named(".segment").back();
    const auto whole = one.disk;
    const auto bytes = one.disk.bytes_of(name);
    for (std::size_t size = 0; size < bytes.size(); size += 3) {
        SCOPED_TRACE("cut at " + std::to_string(size));
        memory_disk disk;
        for (const auto& [each, file] : whole.files)
            disk.files[each] = std::make_shared<memory_disk::content>(*file);
        disk.bytes_of(name).resize(size);
        const auto expected = std::ranges::count_if(one.frames, [&](const written& frame) {
            return frame.is_whole(disk);
        });
        const auto log      = open_log(disk);
        EXPECT_EQ(log->status().damaged, 0u);
        EXPECT_THAT(drain(*log), SizeIs(expected));
    }
}

TEST(SpoolDamage, ATornEndIsCutOffOnceAndIsNoDamageForTheNextOpening) {
    memory_disk disk;
    {
        auto log = open_log(disk);
        for (const auto number : {1u, 2u}) EXPECT_TRUE(append(*log, batch_number(number)));
    }
    auto& bytes = disk.bytes_of(segment_name(1));
    bytes.resize(bytes.size() - 10);
    {
        auto log = open_log(disk);
        EXPECT_THAT(text_of(log->take_notes()), HasSubstr("never acknowledged"));
        EXPECT_TRUE(append(*log, batch_number(3)));
    }
    auto log = open_log(disk);
    EXPECT_EQ(log->status().damaged, 0u);
    EXPECT_THAT(numbers(drain(*log)), ElementsAre(1, 3));
}

TEST(SpoolDamage, ADamagedBatchCountsItsRecordsWhileItsHeaderCanBeRead) {
    memory_disk disk;
    {
        auto log = open_log(disk);
        for (const auto number : {1u, 2u, 3u})
            EXPECT_TRUE(append(*log, batch_number(number, 50, 5)));
    }
    spool_survey before = *survey_spool(*std::make_unique<test::memory_files>(disk));
    const auto   second = before.segments.at(0).frames.at(1);
    disk.bytes_of(segment_name(1))[second.offset + frame_header_bytes + 30] ^= 1;

    auto       log   = open_log(disk);
    const auto notes = text_of(log->take_notes());
    EXPECT_EQ(log->status().damaged, 5u);
    EXPECT_THAT(notes, HasSubstr("file=" + segment_name(1)));
    EXPECT_THAT(notes, HasSubstr("offset=" + std::to_string(second.offset)));
    EXPECT_THAT(numbers(drain(*log)), ElementsAre(1, 3));
    log->close();
    EXPECT_THAT(disk.named(".damaged"), ElementsAre(set_aside_name(1)));
    EXPECT_THAT(disk.named(".segment"), IsEmpty());
}

TEST(SpoolDamage, ABatchDamagedWhileTheSpoolIsOpenIsCountedAndPassedOver) {
    memory_disk disk;
    auto        log = open_log(disk);
    for (const auto number : {1u, 2u}) EXPECT_TRUE(append(*log, batch_number(number, 50, 4)));
    disk.bytes_of(segment_name(1))[segment_header_bytes + frame_header_bytes + 3] ^= 1;
    EXPECT_THAT(numbers(drain(*log)), ElementsAre(2));
    EXPECT_EQ(log->status().damaged, 4u);
    EXPECT_EQ(log->status().pending, 0u);
}

TEST(SpoolDamage, DamageThatBeginsInWhatIsDoneIsCountedWhenItReachesWhatIsNot) {
    for (const int hit : {1, 2}) {
        SCOPED_TRACE(hit);
        memory_disk disk;
        {
            auto log = open_log(disk);
            for (const auto number : {1u, 2u, 3u}) EXPECT_TRUE(append(*log, batch_number(number)));
            EXPECT_TRUE(*log->front(0));
            EXPECT_TRUE(log->pop());
            log->close();
        }
        // The headers of the first frames: the gap goes on to the next one that can be read.
        std::uint64_t at = segment_header_bytes;
        for (int i = 0; i < hit; ++i) {
            auto&      bytes = disk.bytes_of(segment_name(1));
            const auto frame = read_frame_header(
                std::string_view(bytes).substr(at), {.sequence = 1, .salt = salt}, at
            );
            ASSERT_TRUE(frame);
            bytes[at + 5] ^= 1;
            at             = frame->end();
        }
        auto log = open_log(disk);
        EXPECT_EQ(log->status().damaged, static_cast<std::uint64_t>(hit - 1))
            << "the first was done";
        const std::vector<std::uint64_t> left{2, 3};
        EXPECT_EQ(numbers(drain(*log)), std::vector(left.begin() + (hit - 1), left.end()));
    }
}

TEST(SpoolDamage, ASegmentThatSomebodyRemovedIsCountedAsLost) {
    memory_disk disk;
    auto        log = open_log(disk);
    for (const auto number : {1u, 2u, 3u}) EXPECT_TRUE(append(*log, batch_number(number, 3000)));
    disk.files.erase(segment_name(2));
    EXPECT_THAT(numbers(drain(*log)), ElementsAre(1, 3));
    EXPECT_EQ(log->status().damaged, 1u);
}

TEST(SpoolDamage, TheSaltIsFoundInTheSegmentsWhenItsFileIsLostAndInItsFileWhenTheyAreDamaged) {
    for (const bool file_lost : {false, true}) {
        memory_disk disk;
        {
            auto log = open_log(disk);
            for (const auto number : {1u, 2u, 3u})
                EXPECT_TRUE(append(*log, batch_number(number, 3000)));
        }
        if (file_lost) disk.files.erase(spool_salt_name);
        disk.bytes_of(segment_name(1))[9] ^= 1;
        auto log                           = open_log(disk);
        EXPECT_THAT(numbers(drain(*log)), ElementsAre(1, 2, 3));
        EXPECT_EQ(log->status().damaged, 0u);
    }
}

/// A batch whose event holds a frame made for the very place where it will lie, and what is
/// replayed when the header of the frame around it is broken.
std::vector<std::uint64_t> replayed_with_a_fake_inside(std::uint64_t salt_of_the_fake) {
    std::string fake(frame_header_bytes, '\0');
    encode_batch(batch_number(666), fake);
    const auto inside = [](const std::string& what) {
        auto  batch = batch_number(1);
        auto& event = std::get<falco_event>(batch.records[0]);
        event.texts.put(event_texts::part::output, "output " + what + " and more");
        return batch;
    };
    std::string frame(frame_header_bytes, '\0');
    encode_batch(inside(std::string(fake.size(), '#')), frame);
    const auto place = segment_header_bytes + frame.find('#');
    seal_frame(fake, {.sequence = 1, .salt = salt_of_the_fake}, place, 1, utc_time{});

    memory_disk disk;
    {
        auto log = open_log(disk);
        EXPECT_TRUE(append(*log, inside(fake)));
        EXPECT_TRUE(append(*log, batch_number(2)));
    }
    EXPECT_EQ(disk.bytes_of(segment_name(1)).find(fake), place);
    disk.bytes_of(segment_name(1))[segment_header_bytes + 5] ^= 1;
    return numbers(drain(*open_log(disk)));
}

TEST(SpoolDamage, AFrameThatASenderWroteIntoItsEventIsNeverReplayed) {
    EXPECT_THAT(replayed_with_a_fake_inside(salt + 1), ElementsAre(2));
    // Only the salt stands between: the search does look there.
    EXPECT_THAT(replayed_with_a_fake_inside(salt), ElementsAre(666, 2));
}

TEST(SpoolDamage, ARealFrameCopiedToAnotherPlaceIsNotReplayed) {
    memory_disk disk;
    {
        auto log = open_log(disk);
        for (const auto number : {1u, 2u, 3u}) EXPECT_TRUE(append(*log, batch_number(number)));
    }
    // All three have one size: the first over the second, as a confused disk might do it.
    auto&      bytes = disk.bytes_of(segment_name(1));
    const auto size  = (bytes.size() - segment_header_bytes) / 3;
    bytes.replace(segment_header_bytes + size, size, bytes.substr(segment_header_bytes, size));
    auto log = open_log(disk);
    EXPECT_THAT(numbers(drain(*log)), ElementsAre(1, 3));
    EXPECT_EQ(log->status().damaged, 1u);
}

}  // namespace
}  // namespace falconer::ingest

#include "ingest/spool_record.hpp"

#include "support/spool_batches.hpp"

#include <gtest/gtest.h>

namespace falconer::ingest {
namespace {

using test::same;

std::string bytes_of_batch(const record_batch& batch) {
    std::string bytes;
    encode_batch(batch, bytes);
    return bytes;
}

TEST(SpoolRecord, ABatchOfEveryKindComesBackAsItWas) {
    const auto batch = test::batch_of_every_kind();
    const auto back  = decode_batch(bytes_of_batch(batch));
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_TRUE(same(batch, *back));
    EXPECT_TRUE(back->replayed);
    EXPECT_FALSE(batch.replayed);
}

TEST(SpoolRecord, AnAbsentTextIsNotAnEmptyOne) {
    falco_event event;
    event.texts.put(event_texts::part::source, "");
    const auto back = decode_batch(bytes_of_batch({.id = {}, .records = {event}}));
    ASSERT_TRUE(back);
    const auto& texts = std::get<falco_event>(back->records.at(0)).texts;
    EXPECT_EQ(texts.get(event_texts::part::source), "");
    EXPECT_FALSE(texts.get(event_texts::part::hostname));
}

TEST(SpoolRecord, ARecordWithoutAClusterIsNotOneWithAnEmptyName) {
    const event_tally tally{.from = nullptr, .count = 7};
    const event_tally named{
        .from = std::make_shared<const cluster_identity>(cluster_identity{""}), .count = 8
    };
    const auto back = decode_batch(bytes_of_batch({.id = {}, .records = {tally, named}}));
    ASSERT_TRUE(back);
    EXPECT_EQ(sender_of(back->records.at(0)), nullptr);
    EXPECT_NE(sender_of(back->records.at(1)), nullptr);
}

TEST(SpoolRecord, RecordsOfOneClusterShareItsName) {
    const auto back = decode_batch(bytes_of_batch(test::batch_of_every_kind()));
    ASSERT_TRUE(back);
    EXPECT_EQ(sender_of(back->records.at(0)), sender_of(back->records.at(1)));
}

TEST(SpoolRecord, EveryShorterFormIsRefused) {
    const auto bytes = bytes_of_batch(test::batch_of_every_kind());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_batch(std::string_view(bytes).substr(0, size))) << size;
    EXPECT_FALSE(decode_batch(bytes + '\0')) << "a byte more";
}

TEST(SpoolRecord, ANumberOfRecordsThatIsALieCostsNoMemory) {
    auto bytes = bytes_of_batch({.id = {}, .records = {}});
    ASSERT_EQ(bytes.size(), 21u);
    bytes.replace(17, 4, "\xFF\xFF\xFF\xFF");
    EXPECT_FALSE(decode_batch(bytes));
}

TEST(SpoolRecord, WhateverOneByteIsChangedToTheAnswerIsABatchOrAFailure) {
    const auto bytes = bytes_of_batch(test::batch_of_every_kind());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const int flip : {0x01, 0x80, 0xFF}) {
            auto changed    = bytes;
            changed[at]     = static_cast<char>(changed[at] ^ flip);
            const auto back = decode_batch(changed);
            // Nothing is read that was not written: what is accepted is written the same way.
            EXPECT_TRUE(!back || bytes_of_batch(*back) == changed) << at;
        }
    }
}

TEST(SpoolRecord, TheOldestReceiptIsFoundAmongAllKinds) {
    const auto batch = test::batch_of_every_kind();
    EXPECT_EQ(oldest_receipt(batch), std::get<event_tally>(batch.records.back()).minute);
    EXPECT_EQ(oldest_receipt({}), utc_time{});
}

}  // namespace
}  // namespace falconer::ingest

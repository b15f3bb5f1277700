// Fuzzes the spool's directory: a segment and a checkpoint of any bytes open, drain and take more;
// and what a damaged segment yields is only what was written.
#include "ingest/spool_log.hpp"
#include "ingest/spool_record.hpp"

#include "support/spool_batches.hpp"
#include "support/spool_files.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace falconer;
using namespace falconer::ingest;

constexpr std::uint64_t salt    = 1;
constexpr std::uint64_t batches = 5;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

std::unique_ptr<spool_log> open_log(test::memory_disk& disk) {
    auto log = spool_log::open(
        std::make_unique<test::memory_files>(disk), {.segment_bytes = 4096, .salt = salt}
    );
    if (!log) return nullptr;  // a newer version, says its header
    return *std::move(log);
}

bool append(spool_log& log, const record_batch& batch) {
    std::string frame(frame_header_bytes, '\0');
    encode_batch(batch, frame);
    const auto records = static_cast<std::uint32_t>(batch.records.size());
    return static_cast<bool>(log.append(std::move(frame), records, oldest_receipt(batch)));
}

/// The bytes are a batch, or a failure; and a batch is written as it was read.
void decode(std::string_view bytes) {
    const auto batch = decode_batch(bytes);
    if (!batch) return;
    std::string again;
    encode_batch(*batch, again);
    require(again == bytes, "what is read as a batch is written the same way");
}

/// The bytes say, three at a time, where a good segment is changed and how.
void bend(std::string& segment, std::string_view how) {
    for (; how.size() >= 3 && !segment.empty(); how.remove_prefix(3)) {
        const auto at =
            (static_cast<unsigned char>(how[0]) << 8 | static_cast<unsigned char>(how[1])) %
            segment.size();
        if (how[2] == '\0')
            segment.resize(at);
        else
            segment[at] = static_cast<char>(segment[at] ^ how[2]);
    }
}

void drain(spool_log& log, bool any_batch) {
    std::uint64_t last = 0;
    for (;;) {
        auto next = log.front(any_batch ? 100 : 0);  // 0: one by one
        require(static_cast<bool>(next), "a memory can be read");
        if (!*next) break;
        const auto number = test::number_of(**next);
        if (!any_batch) {
            require(
                number > last && number <= batches, "in order, once, and only what was written"
            );
            require(
                test::same(**next, test::batch_number(number, 40 * number)), "as it was written"
            );
        }
        last = number;
        require(static_cast<bool>(log.pop()), "what was given can be done");
    }
    require(log.status().pending == 0, "all that waits comes out");
    require(append(log, test::batch_number(77)), "and there is room for more");
    auto more = log.front(0);
    require(more && *more && test::number_of(**more) == 77, "which comes out too");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto             what = data[0];
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    decode(bytes);

    test::memory_disk disk;
    const bool        foreign = what % 2 == 0;
    if (auto log = open_log(disk); log && !foreign)
        for (std::uint64_t i = 1; i <= batches; ++i)
            require(append(*log, test::batch_number(i, 40 * i)), "a memory can be written");
    const auto put = [&](const std::string& name, std::string_view content) {
        disk.files[name]    = std::make_shared<test::memory_disk::content>();
        disk.bytes_of(name) = content;
    };
    if (foreign) {
        put(segment_name(3), bytes);
        put(spool_checkpoint_name, bytes.substr(0, 24));
    } else {
        bend(disk.bytes_of(segment_name(1)), bytes);
    }
    if (auto log = open_log(disk)) drain(*log, foreign);
    return 0;
}

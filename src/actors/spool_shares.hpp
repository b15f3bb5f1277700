// Who has how much of the spool, so that one cluster's storm leaves room for all others.
#pragma once

#include "falconer/event.hpp"
#include "falconer/ports/event_spool.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace falconer::actors {

/// A cluster may have so many times what is still free, and no more: alone four fifths of the
/// spool, each of several the less, and however many there are, something stays free for the next
/// one. What was there before a restart belongs to nobody. Source: Choudhury and Hahne, "Dynamic
/// queue length thresholds for shared-memory packet switches".
class spool_shares {
public:
    bool fits(const ingest_record& record, const spool_status& spool) const {
        if (spool.capacity == 0 || std::holds_alternative<event_tally>(record)) return true;
        const auto had  = bytes_.find(sender_of(record)->text);
        const auto size = bytes_of(record) + (had == bytes_.end() ? 0 : had->second);
        return size <= of_what_is_free * (spool.capacity - std::min(spool.bytes, spool.capacity));
    }
    void put(const record_batch& batch) {
        for (const auto& each : batch.records) bytes_[sender_of(each)->text] += bytes_of(each);
    }
    void take(const record_batch& batch) {
        for (const auto& each : batch.records) {
            const auto had = bytes_.find(sender_of(each)->text);
            if (had == bytes_.end()) continue;
            had->second -= std::min<std::uint64_t>(had->second, bytes_of(each));
            if (had->second == 0) bytes_.erase(had);
        }
    }

private:
    static constexpr std::uint64_t of_what_is_free = 4;

    std::unordered_map<std::string, std::uint64_t> bytes_;  // by cluster; never 0
};

}  // namespace falconer::actors

// A batch as bytes, the way the spool keeps it.
#pragma once

#include "falconer/event.hpp"
#include "falconer/result.hpp"

#include <string>
#include <string_view>

namespace falconer::ingest {

/// Appends the batch to `out`: a version byte, the id, the records; numbers little-endian, texts
/// with their length. `replayed` is not kept.
void encode_batch(const record_batch& batch, std::string& out);

/// What encode_batch wrote; `replayed` is set. Never trusts a length.
/// Errors : malformed   not such bytes, or more than those
result<record_batch> decode_batch(std::string_view bytes);

/// The receipt of the batch's oldest record; the epoch for a batch without records.
utc_time oldest_receipt(const record_batch& batch) noexcept;

}  // namespace falconer::ingest

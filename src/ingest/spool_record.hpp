// A batch of records as bytes, and back. Pure.
#pragma once

#include "falconer/event.hpp"
#include "falconer/result.hpp"

#include <string>
#include <string_view>

namespace falconer::ingest {

/// All that a record holds, its first receipt included.
std::string encode_batch(const record_batch& batch);

/// Errors: malformed, whatever the bytes are.
result<record_batch> decode_batch(std::string_view bytes);

}  // namespace falconer::ingest

// SHA-256, for names and annotations that follow what they stand for.
#pragma once

#include <string>
#include <string_view>

namespace falconer::falco {

std::string sha256_hex(std::string_view text);

}  // namespace falconer::falco

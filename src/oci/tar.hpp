// The one file that we want out of a tar archive that somebody else made. Nothing is written
// anywhere.
#pragma once

#include "falconer/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace falconer::oci {

/// The contents of the regular file `name` at the archive's top. Other regular files are left
/// alone; what no honest archive of rules has – links, devices, names that lead out of it, headers
/// that change what others mean – is refused, wherever it stands.
///
/// Errors : not_found, too_large (more than `most` bytes), malformed. Source: POSIX pax
/// Interchange Format, ustar.
result<std::string> file_in_tar(std::string_view archive, std::string_view name, std::size_t most);

}  // namespace falconer::oci

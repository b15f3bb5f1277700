// Has a file changed since we read it?
#pragma once

#include <filesystem>
#include <string>

namespace falconer {

/// Differs when another file stands there, or its length or time is another: what Kubernetes does
/// when it swaps the links of a mounted Secret, and what an editor does. "none": there is no file.
std::string file_stamp(const std::filesystem::path& file);

}  // namespace falconer

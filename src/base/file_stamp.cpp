#include "falconer/file_stamp.hpp"

#include <sys/stat.h>

namespace falconer {

std::string file_stamp(const std::filesystem::path& file) {
    struct ::stat is{};
    if (file.empty() || ::stat(file.c_str(), &is) != 0) return "none";
    return std::to_string(is.st_dev) + "/" + std::to_string(is.st_ino) + "/" +
           std::to_string(is.st_size) + "/" + std::to_string(is.st_mtim.tv_sec) + "." +
           std::to_string(is.st_mtim.tv_nsec);
}

}  // namespace falconer

#include "spool_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace falconer::ingest {
namespace {

std::string why_not(int code) {
    return std::error_code(code, std::generic_category()).message();
}

failure cannot_make(const std::string& directory, int code) {
    return {
        std::error_code(code, std::generic_category()),
        "cannot make the spool " + directory + ": " + why_not(code)
    };
}

/// Only the folder itself is made: a disk that is not mounted shall not be mistaken for one.
spool_folder look_above(const std::string& directory) {
    spool_folder    found;
    std::error_code wrong;
    auto            path = std::filesystem::absolute(directory, wrong).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "spool/"
    struct stat above{};
    if (::stat(path.parent_path().c_str(), &above) != 0)
        found.objection = cannot_make(directory, errno);
    else if (!S_ISDIR(above.st_mode))
        found.objection = cannot_make(directory, ENOTDIR);
    else if (::access(path.parent_path().c_str(), W_OK | X_OK) != 0)
        found.objection = cannot_make(directory, errno);
    return found;
}

}  // namespace

spool_folder look_at_spool_folder(const std::string& directory) {
    struct stat about{};
    if (::stat(directory.c_str(), &about) != 0) {
        if (errno == ENOENT) return look_above(directory);
        spool_folder hidden;
        hidden.objection = {
            std::error_code(errno, std::generic_category()),
            "cannot look at the spool " + directory + ": " + why_not(errno)
        };
        return hidden;
    }
    const auto   spool = "spool " + directory;
    spool_folder found;
    found.there          = true;
    found.owner          = about.st_uid;
    found.ours           = about.st_uid == ::geteuid();
    found.only_for_owner = (about.st_mode & 077) == 0;
    if (!S_ISDIR(about.st_mode)) {
        found.objection = {errc::malformed, spool + " is not a directory"};
    } else if ((about.st_mode & S_ISVTX) != 0 && (about.st_mode & S_IWOTH) != 0) {
        found.objection = {
            errc::malformed, spool + " is a folder for everybody, and would be closed to them"
        };
    } else if (const bool volume = about.st_uid == 0 && (about.st_mode & S_IWOTH) == 0;
               !found.ours && !(volume && ::access(directory.c_str(), W_OK) == 0)) {
        found.objection = {
            errc::denied, spool + " belongs to user " + std::to_string(about.st_uid) +
                              ", this process runs as user " + std::to_string(::geteuid())
        };
    } else if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
        found.objection = {errc::denied, spool + " is not writable: " + why_not(errno)};
    }
    return found;
}

}  // namespace falconer::ingest

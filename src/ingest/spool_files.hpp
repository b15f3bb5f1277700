// What the spool asks of a file system, so that a test can make it fail.
#pragma once

#include "falconer/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::ingest {

/// Errors of all of these: too_large (no room on the disk), unavailable (everything else).
class spool_file {
public:
    virtual ~spool_file() = default;

    virtual result<void> write(std::uint64_t offset, std::string_view bytes) = 0;  // all of it
    virtual result<void> sync()                                              = 0;  // fdatasync
    virtual result<void> truncate(std::uint64_t size)                        = 0;
    virtual result<std::string> read(std::uint64_t offset, std::size_t size)
        const = 0;  // less at the end
};

class spool_folder {
public:
    struct entry {
        std::string   name{};
        std::uint64_t size = 0;
    };

    virtual ~spool_folder() = default;

    virtual result<std::vector<entry>>          list() const = 0;
    virtual result<std::unique_ptr<spool_file>> create(const std::string& name
    )                                                        = 0;  // and its name is durable
    virtual result<std::unique_ptr<spool_file>> open(const std::string& name) const = 0;
    virtual result<void>                        remove(const std::string& name)     = 0;
    virtual result<void>                        replace(
                               const std::string& name, std::string_view text
                           ) = 0;  // whole or not at all
};

/// A folder of the disk, made if need be, for our user only. `exclusively`: nobody else may have it
/// open so; that ends with the process.
/// Errors: conflict (another process has it: says which), denied, unavailable; one sentence each.
enum class spool_access { exclusive, reading };
result<std::unique_ptr<spool_folder>> open_spool_folder(
    const std::filesystem::path& where, spool_access how
);

/// The process that has the folder open exclusively, or 0.
int spool_owner(const std::filesystem::path& where);

}  // namespace falconer::ingest

// The spool's files: what it needs of a directory, so that tests can let every single call fail.
#pragma once

#include "falconer/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::ingest {

/// Threading: one thread at a time. Errors carry errno (std::generic_category) and a text for
/// people.
class spool_file {
public:
    virtual ~spool_file() = default;

    /// Like pwrite: may write less than asked, and says how much.
    virtual result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) = 0;
    /// Like pread: 0 at the end.
    virtual result<std::size_t>   read_at(std::uint64_t offset, char* to, std::size_t size) = 0;
    virtual result<void>          sync()                                                    = 0;
    virtual result<void>          truncate(std::uint64_t size)                              = 0;
    virtual result<std::uint64_t> size()                                                    = 0;
};

class spool_files {
public:
    enum class mode { read, change, create };  // create: must not exist yet

    virtual ~spool_files() = default;

    /// Makes the directory if it is not there and will do (spool_folder.hpp), and locks it for as
    /// long as this object lives. Errors : conflict   another process has it; every failure is one
    /// whole sentence
    virtual result<void> prepare() = 0;
    /// Whether some process has it locked now. Does not get in its way.
    /// 0: locked by somebody who has not said who it is.
    virtual std::optional<int> locked_by() = 0;

    virtual result<std::vector<std::string>>    list()                                  = 0;
    virtual result<std::unique_ptr<spool_file>> open(const std::string& name, mode how) = 0;
    virtual result<void>                        remove(const std::string& name)         = 0;
    virtual result<void> rename(const std::string& from, const std::string& to)         = 0;
    /// Makes creations, removals and new names durable.
    virtual result<void>          sync_directory() = 0;
    virtual result<std::uint64_t> free_bytes()     = 0;  // of the file system, for us
    virtual std::string           path() const     = 0;  // for people
};

/// In the directory, on Linux: files 0600, the directory 0700.
std::unique_ptr<spool_files> make_posix_files(std::string directory);

/// Whether a failure says something about this moment or this process (no descriptor is left, no
/// right, no memory), and nothing about the bytes.
bool is_of_the_moment(const failure& why) noexcept;

/// The whole file. Errors : too_large   more than `limit` bytes, and those of the file
result<std::string> read_all(spool_file& file, std::uint64_t limit);

/// What there is of a file on a disk that cannot read all of it.
struct readable_bytes {
    std::string   bytes{};         // as long as the file; unreadable_byte where it cannot be read
    std::uint64_t unreadable = 0;  // bytes
};
/// Neither a frame begins with it, nor is it what a write leaves that was never finished.
inline constexpr char unreadable_byte = '\xFF';

/// Goes on behind what the disk refuses, block by block; where nothing can be read for long, in
/// ever larger steps: a dying disk may take seconds for each refusal.
/// Errors : too_large   more than `limit` bytes, and those that is_of_the_moment()
result<readable_bytes> read_what_can_be_read(spool_file& file, std::uint64_t limit);
/// All of it or a failure; a write that does not advance is one.
result<void> write_all(spool_file& file, std::uint64_t offset, std::string_view bytes);

}  // namespace falconer::ingest

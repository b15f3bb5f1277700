#include "spool_file.hpp"

#include "spool_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

namespace falconer::ingest {
namespace {

constexpr const char* lock_name = "spool.lock";

failure failed(std::string_view what, const std::string& path, int why) {
    const auto  code = std::error_code(why, std::generic_category());
    std::string said(what);
    return {code, said.append(" ").append(path).append(": ").append(code.message())};
}

/// Closes once, whatever happens.
class descriptor {
public:
    explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int      get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

template <class Call>
auto uninterrupted(Call call) {
    for (;;) {
        const auto got = call();
        if (got >= 0 || errno != EINTR) return got;
    }
}

class posix_file final : public spool_file {
public:
    posix_file(descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) override {
        const auto wrote = uninterrupted([&] {
            return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        });
        if (wrote < 0) return failed("writing", path_, errno);
        return static_cast<std::size_t>(wrote);
    }
    result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t size) override {
        const auto got =
            uninterrupted([&] { return ::pread(fd_.get(), to, size, static_cast<off_t>(offset)); });
        if (got < 0) return failed("reading", path_, errno);
        return static_cast<std::size_t>(got);
    }
    result<void> sync() override {
        // Never again after a failure: the kernel may have dropped the pages and then say yes.
        if (::fdatasync(fd_.get()) != 0) return failed("syncing", path_, errno);
        return {};
    }
    result<void> truncate(std::uint64_t size) override {
        if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0)
            return failed("cutting", path_, errno);
        return {};
    }
    result<std::uint64_t> size() override {
        struct stat about{};
        if (::fstat(fd_.get(), &about) != 0) return failed("looking at", path_, errno);
        return static_cast<std::uint64_t>(about.st_size);
    }

private:
    descriptor  fd_;
    std::string path_;
};

class posix_files final : public spool_files {
public:
    explicit posix_files(std::string directory) : directory_(std::move(directory)) {}

    result<void> prepare() override {
        if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST)
            return failed("cannot make the spool", directory_, errno);
        auto found = look_at_spool_folder(directory_);
        if (!found.will_do()) return std::move(found.objection);
        // A volume's root stays as it is; the files in it are for their owner only.
        if (found.ours && !found.only_for_owner && ::chmod(directory_.c_str(), 0700) != 0)
            return failed("cannot make private the spool", directory_, errno);
        return lock();
    }

    std::optional<int> locked_by() override {
        const descriptor fd(::open(path_of(lock_name).c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) return std::nullopt;
        auto wanted = whole_file(F_WRLCK);
        if (::fcntl(fd.get(), F_OFD_GETLK, &wanted) != 0 || wanted.l_type == F_UNLCK)
            return std::nullopt;
        return holder(fd);
    }

    result<std::vector<std::string>> list() override {
        DIR* const open = ::opendir(directory_.c_str());
        if (open == nullptr) return failed("cannot list the spool", directory_, errno);
        std::vector<std::string> names;
        errno = 0;
        while (const auto* entry = ::readdir(open)) {
            if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
            errno = 0;
        }
        const int why = errno;
        ::closedir(open);
        if (why != 0) return failed("cannot list the spool", directory_, why);
        return names;
    }

    result<std::unique_ptr<spool_file>> open(const std::string& name, mode how) override {
        constexpr int ways[] = {O_RDONLY, O_RDWR, O_RDWR | O_CREAT | O_EXCL};
        const int     flags  = ways[static_cast<int>(how)] | O_CLOEXEC | O_NOFOLLOW;
        auto          path   = path_of(name);
        descriptor    fd(uninterrupted([&] { return ::open(path.c_str(), flags, 0600); }));
        if (!fd) return failed("opening", path, errno);
        return std::unique_ptr<spool_file>(
            std::make_unique<posix_file>(std::move(fd), std::move(path))
        );
    }
    result<void> remove(const std::string& name) override {
        if (::unlink(path_of(name).c_str()) != 0) return failed("removing", path_of(name), errno);
        return {};
    }
    result<void> rename(const std::string& from, const std::string& to) override {
        if (::rename(path_of(from).c_str(), path_of(to).c_str()) != 0)
            return failed("renaming", path_of(from), errno);
        return {};
    }
    result<void> sync_directory() override {
        const descriptor fd(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd || ::fsync(fd.get()) != 0) return failed("syncing", directory_, errno);
        return {};
    }
    result<std::uint64_t> free_bytes() override {
        struct statvfs about{};
        if (::statvfs(directory_.c_str(), &about) != 0)
            return failed("looking at the file system of", directory_, errno);
        return std::uint64_t{about.f_bavail} * about.f_frsize;
    }
    std::string path() const override { return directory_; }

private:
    std::string path_of(const std::string& name) const { return directory_ + "/" + name; }

    static struct flock whole_file(int type) {
        struct flock lock{};
        lock.l_type   = static_cast<short>(type);
        lock.l_whence = SEEK_SET;
        return lock;
    }
    static int holder(const descriptor& fd) {
        char       text[16];
        const auto size = ::pread(fd.get(), text, sizeof text, 0);
        int        pid  = 0;
        if (size > 0) std::from_chars(text, text + size, pid);
        return pid;
    }

    /// A lock of the open file, not of the process: two spools of one process exclude each other
    /// too, and anyone can ask for it without taking it.
    result<void> lock() {
        const auto path = path_of(lock_name);
        descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!fd) return failed("cannot open", path, errno);
        auto wanted = whole_file(F_WRLCK);
        if (::fcntl(fd.get(), F_OFD_SETLK, &wanted) != 0) {
            if (errno != EAGAIN && errno != EACCES) return failed("cannot lock", path, errno);
            return failure{
                errc::conflict, "spool " + directory_ + " is in use by another process (pid " +
                                    std::to_string(holder(fd)) + ")"
            };
        }
        const auto pid = std::to_string(::getpid()) + "\n";
        // Only for people: the lock itself is what counts.
        if (::ftruncate(fd.get(), 0) != 0 ||
            ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
            // A full disk does not keep a spool from being read.
        }
        lock_ = std::move(fd);
        return {};
    }

    std::string directory_;
    descriptor  lock_{};
};

}  // namespace

std::unique_ptr<spool_files> make_posix_files(std::string directory) {
    return std::make_unique<posix_files>(std::move(directory));
}

result<std::string> read_all(spool_file& file, std::uint64_t limit) {
    auto size = file.size();
    if (!size) return std::move(size).error();
    if (*size > limit)
        return failure{errc::too_large, "has " + std::to_string(*size) + " bytes, too many"};
    std::string bytes(static_cast<std::size_t>(*size), '\0');
    std::size_t at = 0;
    while (at < bytes.size()) {
        auto got = file.read_at(at, bytes.data() + at, bytes.size() - at);
        if (!got) return std::move(got).error();
        if (*got == 0) break;
        at += *got;
    }
    bytes.resize(at);
    return bytes;
}

bool is_of_the_moment(const failure& why) noexcept {
    constexpr std::errc moments[] = {
        std::errc::too_many_files_open,
        std::errc::too_many_files_open_in_system,
        std::errc::not_enough_memory,
        std::errc::permission_denied,
        std::errc::operation_not_permitted,
        std::errc::resource_unavailable_try_again,
        std::errc::interrupted,
    };
    return std::ranges::any_of(moments, [&](std::errc each) { return why.code == each; });
}

result<readable_bytes> read_what_can_be_read(spool_file& file, std::uint64_t limit) {
    constexpr std::size_t block      = 4096;
    constexpr unsigned    one_by_one = 32;  // refusals in a row; from then on each step doubles
    constexpr std::size_t longest    = std::size_t{1} << 20;
    auto                  size       = file.size();
    if (!size) return std::move(size).error();
    if (*size > limit)
        return failure{errc::too_large, "has " + std::to_string(*size) + " bytes, too many"};
    readable_bytes found;
    auto&          bytes = found.bytes;
    bytes.assign(static_cast<std::size_t>(*size), unreadable_byte);
    std::size_t at = 0, step = block;
    unsigned    refused = 0;
    // In one piece while all goes well; after a refusal to the next block's beginning.
    for (std::size_t want = bytes.size(); at < bytes.size();) {
        auto got = file.read_at(at, bytes.data() + at, std::min(want, bytes.size() - at));
        if (got && *got == 0) break;
        if (got) {
            at      += *got;
            refused  = 0;
            step     = block;
            continue;
        }
        if (is_of_the_moment(got.error())) return std::move(got).error();
        if (want > block) {  // a refusal of many says nothing of each
            want = block;
            continue;
        }
        if (++refused > one_by_one) step = std::min(2 * step, longest);
        const auto next = std::min(at / block * block + step, bytes.size());
        // The refused call may have left anything there.
        std::fill(
            bytes.begin() + static_cast<std::ptrdiff_t>(at),
            bytes.begin() + static_cast<std::ptrdiff_t>(next), unreadable_byte
        );
        found.unreadable += next - at;
        at                = next;
    }
    bytes.resize(at);
    return found;
}

result<void> write_all(spool_file& file, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        auto wrote = file.write_at(offset, bytes);
        if (!wrote) return std::move(wrote).error();
        if (*wrote == 0)
            return failure{std::make_error_code(std::errc::io_error), "a write does not advance"};
        offset += *wrote;
        bytes.remove_prefix(*wrote);
    }
    return {};
}

}  // namespace falconer::ingest

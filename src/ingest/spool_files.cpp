#include "spool_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace falconer::ingest {
namespace {

constexpr auto lock_name = "lock";

failure refused(std::string_view doing, int why) {
    const auto code = why == ENOSPC || why == EDQUOT ? errc::too_large : errc::unavailable;
    return failure{code, std::string(doing) + ": " + std::strerror(why)};
}

class descriptor {
public:
    explicit descriptor(int number) : number_(number) {}
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    descriptor(const descriptor&)            = delete;
    descriptor& operator=(const descriptor&) = delete;

    int  get() const { return number_; }
    bool good() const { return number_ >= 0; }

private:
    int number_;
};

class disk_file final : public spool_file {
public:
    explicit disk_file(int number) : file_(number) {}

    result<void> write(std::uint64_t offset, std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto size =
                ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (size < 0 && errno == EINTR) continue;
            if (size < 0) return refused("writing", errno);
            if (size == 0) return refused("writing", ENOSPC);
            bytes.remove_prefix(static_cast<std::size_t>(size));
            offset += static_cast<std::uint64_t>(size);
        }
        return {};
    }
    result<void> sync() override {
        if (::fdatasync(file_.get()) != 0) return refused("fdatasync", errno);
        return {};
    }
    result<void> truncate(std::uint64_t size) override {
        if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0)
            return refused("truncating", errno);
        return {};
    }
    result<std::string> read(std::uint64_t offset, std::size_t size) const override {
        std::string bytes(size, '\0');
        std::size_t have = 0;
        while (have < size) {
            const auto got = ::pread(
                file_.get(), bytes.data() + have, size - have, static_cast<off_t>(offset + have)
            );
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return refused("reading", errno);
            if (got == 0) break;
            have += static_cast<std::size_t>(got);
        }
        bytes.resize(have);
        return bytes;
    }

private:
    descriptor file_;
};

class disk_folder final : public spool_folder {
public:
    disk_folder(int folder, int lock) : folder_(folder), lock_(lock) {}

    result<std::vector<entry>> list() const override {
        std::vector<entry> all;
        std::error_code    wrong;
        // Through the descriptor: the folder may have been renamed under us.
        const auto path = "/proc/self/fd/" + std::to_string(folder_.get());
        for (auto at = std::filesystem::directory_iterator(path, wrong);
             !wrong && at != std::filesystem::directory_iterator{}; at.increment(wrong)) {
            std::error_code gone;
            if (at->is_regular_file(gone))
                all.push_back({at->path().filename().string(), at->file_size(gone)});
        }
        if (wrong) return refused("listing the spool", wrong.value());
        return all;
    }
    result<std::unique_ptr<spool_file>> create(const std::string& name) override {
        const int file =
            ::openat(folder_.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) return refused("making a segment", errno);
        std::unique_ptr<spool_file> made = std::make_unique<disk_file>(file);
        // Without this the file may be durable and its name not.
        if (::fsync(folder_.get()) != 0) {
            const int why = errno;
            ::unlinkat(folder_.get(), name.c_str(), 0);
            return refused("fsync of the spool's folder", why);
        }
        return made;
    }
    result<std::unique_ptr<spool_file>> open(const std::string& name) const override {
        const int mode = lock_.good() ? O_RDWR : O_RDONLY;
        const int file = ::openat(folder_.get(), name.c_str(), mode | O_CLOEXEC | O_NOFOLLOW);
        if (file < 0) return refused("opening a segment", errno);
        return std::unique_ptr<spool_file>(std::make_unique<disk_file>(file));
    }
    result<void> remove(const std::string& name) override {
        if (::unlinkat(folder_.get(), name.c_str(), 0) != 0 && errno != ENOENT)
            return refused("removing a segment", errno);
        return {};
    }
    result<void> replace(const std::string& name, std::string_view text) override {
        const auto young = name + ".new";
        {
            const int number = ::openat(
                folder_.get(), young.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600
            );
            if (number < 0) return refused("writing " + name, errno);
            disk_file file(number);
            if (auto done = file.write(0, text); !done) return done;
        }
        if (::renameat(folder_.get(), young.c_str(), folder_.get(), name.c_str()) != 0)
            return refused("writing " + name, errno);
        return {};
    }

private:
    descriptor folder_;
    descriptor lock_;  // held as long as we live; none: reading
};

failure cannot(
    const std::filesystem::path& where, const std::string& why, errc code = errc::unavailable
) {
    return failure{code, "the spool " + where.string() + ' ' + why};
}

std::string pid_in(int lock) {
    char       text[16] = {};
    const auto size     = ::pread(lock, text, sizeof text - 1, 0);
    return {text, size > 0 ? static_cast<std::size_t>(size) : 0};
}

}  // namespace

result<std::unique_ptr<spool_folder>> open_spool_folder(
    const std::filesystem::path& where, spool_access how
) {
    std::error_code wrong;
    if (how == spool_access::exclusive && !std::filesystem::exists(where, wrong)) {
        std::filesystem::create_directories(where.parent_path(), wrong);
        if (::mkdir(where.c_str(), 0700) != 0 && errno != EEXIST)
            return cannot(
                where,
                std::string("cannot be made: ") + std::strerror(errno) +
                    "; choose another ingestor.spool.directory",
                errc::denied
            );
    }
    const int folder = ::open(where.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return cannot(
            where, std::string("cannot be opened: ") + std::strerror(errno),
            errno == EACCES ? errc::denied : errc::unavailable
        );
    if (how == spool_access::reading)
        return std::unique_ptr<spool_folder>(std::make_unique<disk_folder>(folder, -1));

    descriptor guard(folder);
    if (::faccessat(folder, ".", W_OK | X_OK, 0) != 0)
        return cannot(
            where, "may not be written to by this user: check its owner and mode", errc::denied
        );
    const int lock = ::openat(folder, lock_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return cannot(
            where, std::string("cannot be locked: ") + std::strerror(errno),
            errno == EACCES ? errc::denied : errc::unavailable
        );
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const auto who = pid_in(lock);
        ::close(lock);
        return cannot(
            where,
            "is in use by another process (pid " + (who.empty() ? "unknown" : who) +
                "); two must not share a spool",
            errc::conflict
        );
    }
    const auto pid = std::to_string(::getpid());
    if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, pid.data(), pid.size(), 0) < 0) {
        const int why = errno;
        ::close(lock);
        return cannot(where, std::string("cannot be written to: ") + std::strerror(why));
    }
    return std::unique_ptr<spool_folder>(
        std::make_unique<disk_folder>(::fcntl(folder, F_DUPFD_CLOEXEC, 0), lock)
    );
}

int spool_owner(const std::filesystem::path& where) {
    const descriptor lock(::open((where / lock_name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!lock.good()) return 0;
    if (::flock(lock.get(), LOCK_SH | LOCK_NB) == 0) return 0;
    const auto text = pid_in(lock.get());
    int        pid  = 0;
    std::from_chars(text.data(), text.data() + text.size(), pid);
    return pid;
}

}  // namespace falconer::ingest

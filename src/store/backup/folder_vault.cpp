#include "vault.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace falconer::store {
namespace {

constexpr auto        unfinished = ".unfinished";
constexpr auto        lock_name  = "falconer.lock";
constexpr std::size_t at_most    = 1 << 20;

/// A descriptor, closed however its owner ends.
class opened_file {
public:
    explicit opened_file(int number) : number_(number) {}
    opened_file(opened_file&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    opened_file& operator=(opened_file&&)      = delete;
    opened_file(const opened_file&)            = delete;
    opened_file& operator=(const opened_file&) = delete;
    ~opened_file() {
        if (number_ >= 0) ::close(number_);
    }
    int number() const { return number_; }
    /// Yields what close(2) says: a network's disk tells its errors there.
    int close() { return ::close(std::exchange(number_, -1)); }

private:
    int number_;
};

failure because(const std::filesystem::path& file, int why) {
    errc code = errc::unavailable;
    if (why == ENOENT) code = errc::not_found;
    if (why == EACCES || why == EPERM || why == EROFS) code = errc::denied;
    if (why == ENOSPC || why == EDQUOT || why == EFBIG) code = errc::overloaded;
    return {code, file.string() + ": " + std::strerror(why)};
}

class file_writer final : public object_writer {
public:
    file_writer(std::filesystem::path folder, const std::string& name, opened_file file)
        : folder_(std::move(folder)), wanted_(folder_ / name), path_(folder_ / (name + unfinished)),
          file_(std::move(file)) {}
    ~file_writer() override {
        if (!kept_) ::unlink(path_.c_str());
    }
    file_writer(const file_writer&)            = delete;
    file_writer& operator=(const file_writer&) = delete;

    result<void> write(std::string_view piece) override {
        while (!piece.empty()) {
            const auto n = ::write(file_.number(), piece.data(), std::min(piece.size(), at_most));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return because(path_, errno);
            piece.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }

    /// Its bytes, then its name, then the folder: after a power cut it is whole or not there.
    result<void> keep() override {
        if (::fsync(file_.number()) != 0 || file_.close() != 0) return because(path_, errno);
        if (::rename(path_.c_str(), wanted_.c_str()) != 0) return because(wanted_, errno);
        kept_ = true;
        const opened_file folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (folder.number() < 0 || ::fsync(folder.number()) != 0) return because(folder_, errno);
        return {};
    }

private:
    std::filesystem::path folder_, wanted_, path_;
    opened_file           file_;
    bool                  kept_ = false;
};

class file_reader final : public object_reader {
public:
    file_reader(std::filesystem::path path, opened_file file)
        : path_(std::move(path)), file_(std::move(file)) {}

    result<std::size_t> read(std::span<char> into) override {
        for (;;) {
            const auto n = ::read(file_.number(), into.data(), into.size());
            if (n >= 0) return static_cast<std::size_t>(n);
            if (errno != EINTR) return because(path_, errno);
        }
    }

private:
    std::filesystem::path path_;
    opened_file           file_;
};

class folder_vault final : public vault {
public:
    folder_vault(std::filesystem::path folder, opened_file lock)
        : folder_(std::move(folder)), lock_(std::move(lock)) {}

    result<std::unique_ptr<object_writer>> create(const std::string& name) override {
        const auto  path  = folder_ / (name + unfinished);
        const int   flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
        opened_file file(::open(path.c_str(), flags, 0600));
        if (file.number() < 0) return because(path, errno);
        return std::unique_ptr<object_writer>(
            std::make_unique<file_writer>(folder_, name, std::move(file))
        );
    }

    result<std::unique_ptr<object_reader>> open(const std::string& name) override {
        const auto  path = folder_ / name;
        opened_file file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (file.number() < 0) return because(path, errno);
        return std::unique_ptr<object_reader>(std::make_unique<file_reader>(path, std::move(file)));
    }

    bool may_have(const std::string& name, std::uint64_t bytes) const override {
        std::error_code wrong;
        const auto      size = std::filesystem::file_size(folder_ / name, wrong);
        return !wrong && size == bytes;
    }

    bool lists() const override { return true; }

    result<std::vector<std::string>> list() override {
        std::vector<std::string> names;
        std::error_code          wrong;
        for (std::filesystem::directory_iterator each(folder_, wrong), end; !wrong && each != end;
             each.increment(wrong))
            if (each->path().filename() != lock_name) names.push_back(each->path().filename());
        if (wrong) return failure{errc::unavailable, folder_.string() + ": " + wrong.message()};
        return names;
    }

    result<void> remove(const std::string& name) override {
        const auto path = folder_ / name;
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return because(path, errno);
        return {};
    }

    std::string text() const override { return folder_.string(); }

private:
    std::filesystem::path folder_;
    opened_file           lock_;  // gone with its owner, however that ends
};

}  // namespace

result<std::unique_ptr<vault>> open_folder(const std::filesystem::path& folder) {
    std::error_code wrong;
    std::filesystem::create_directories(folder, wrong);
    if (wrong) return failure{errc::denied, folder.string() + ": " + wrong.message()};
    const auto  path = folder / lock_name;
    opened_file lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.number() < 0) return because(path, errno);
    if (::flock(lock.number(), LOCK_EX | LOCK_NB) != 0)
        return failure{
            errc::conflict, folder.string() + ": somebody else writes a backup into it just now"
        };
    return std::unique_ptr<vault>(std::make_unique<folder_vault>(folder, std::move(lock)));
}

result<std::unique_ptr<vault>> open_shared_folder(const std::filesystem::path& folder) {
    std::error_code wrong;
    std::filesystem::create_directories(folder, wrong);
    if (wrong) return failure{errc::denied, folder.string() + ": " + wrong.message()};
    return look_into_folder(folder);
}

result<std::unique_ptr<vault>> look_into_folder(const std::filesystem::path& folder) {
    opened_file there(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (there.number() < 0) return because(folder, errno);
    return std::unique_ptr<vault>(std::make_unique<folder_vault>(folder, std::move(there)));
}

}  // namespace falconer::store

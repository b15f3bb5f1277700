#include "small_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace falconer::oci {
namespace {

class open_file {
public:
    explicit open_file(int number) : number_(number) {}
    ~open_file() {
        if (number_ >= 0) ::close(number_);
    }
    open_file(const open_file&)            = delete;
    open_file& operator=(const open_file&) = delete;

    int  number() const { return number_; }
    bool close() { return ::close(std::exchange(number_, -1)) == 0; }

private:
    int number_;
};

failure at(const std::filesystem::path& file) {
    const auto code = errno == ENOENT || errno == ENOTDIR ? errc::not_found
                      : errno == EACCES                   ? errc::denied
                                                          : errc::unavailable;
    return {code, file.string() + ": " + std::strerror(errno)};
}

}  // namespace

result<std::string> read_small_file(const std::filesystem::path& file, std::size_t most) {
    // A pipe without a writer must not hold anybody up.
    open_file in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (in.number() < 0) return at(file);
    struct stat is{};
    if (::fstat(in.number(), &is) != 0) return at(file);
    if (!S_ISREG(is.st_mode)) return failure{errc::not_found, file.string() + ": no regular file"};
    std::string text(most + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const auto got = ::read(in.number(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return at(file);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > most)
        return failure{
            errc::too_large, file.string() + ": has more than " + std::to_string(most) + " bytes"
        };
    text.resize(size);
    return text;
}

result<void> write_small_file(const std::filesystem::path& file, std::string_view text) {
    open_file  out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    const auto failed = [&file] {
        return failure{errc::unavailable, file.string() + ": " + std::strerror(errno)};
    };
    if (out.number() < 0) return failed();
    while (!text.empty()) {
        const auto wrote = ::write(out.number(), text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return failed();
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    if (!out.close()) return failed();
    return {};
}

}  // namespace falconer::oci

#include "falconer/read_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace falconer {
namespace {

class open_file {
public:
    explicit open_file(int number) : number_(number) {}
    ~open_file() {
        if (number_ >= 0) ::close(number_);
    }
    open_file(const open_file&)            = delete;
    open_file& operator=(const open_file&) = delete;

    int number() const { return number_; }

private:
    int number_;
};

failure because(int why) {
    const auto code = why == ENOENT || why == ENOTDIR || why == EISDIR ? errc::not_found
                      : why == EACCES || why == EPERM                  ? errc::denied
                                                                       : errc::unavailable;
    return {code, std::system_category().message(why)};
}

}  // namespace

result<std::string> read_file(const std::filesystem::path& file, std::size_t most) {
    // A pipe without a writer must not hold anybody up.
    const open_file in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (in.number() < 0) return because(errno);
    struct stat is{};
    if (::fstat(in.number(), &is) != 0) return because(errno);
    if (S_ISDIR(is.st_mode)) return because(EISDIR);
    if (!S_ISREG(is.st_mode)) return failure{errc::not_found, "Not a regular file"};
    const failure too_large{errc::too_large, "has more than " + std::to_string(most) + " bytes"};
    if (std::cmp_greater(is.st_size, most)) return too_large;
    // One byte more than it seems to have: who writes to it meanwhile is noticed.
    std::string text(static_cast<std::size_t>(is.st_size) + 1, '\0');
    std::size_t size = 0;
    for (;;) {
        if (size == text.size()) text.resize(2 * size);
        const auto got = ::read(in.number(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return because(errno);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
        if (size > most) return too_large;
    }
    text.resize(size);
    return text;
}

}  // namespace falconer

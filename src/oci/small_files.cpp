#include "small_files.hpp"

#include "falconer/read_file.hpp"

#include <fcntl.h>
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

}  // namespace

result<std::string> read_small_file(const std::filesystem::path& file, std::size_t most) {
    auto text = read_file(file, most);
    if (text) return text;
    return failure{text.error().code, file.string() + ": " + text.error().detail};
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

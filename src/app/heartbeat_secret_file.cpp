#include "heartbeat_secret_file.hpp"

#include "falconer/file_stamp.hpp"
#include "falconer/read_file.hpp"

#include <utility>

namespace falconer::app {

result<bool> heartbeat_secret_file::read() {
    if (file_.empty()) return false;
    auto stamp = file_stamp(file_);
    if (stamp == seen_) return false;
    seen_     = std::move(stamp);
    auto text = read_file(file_);
    if (!text) return std::move(text).error().while_doing(file_.string());
    while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
    if (text->size() < shortest)
        return failure{
            errc::malformed, file_.string() + ": expected " + std::to_string(shortest) +
                                 " bytes at least, found " + std::to_string(text->size()) +
                                 "; openssl rand -base64 32 makes one"
        };
    if (*text == now_.reveal()) return false;
    now_ = secret(std::move(*text));
    return true;
}

}  // namespace falconer::app

#include "gzip_body.hpp"

#include <zlib.h>

#include <array>

namespace falconer::net {

struct gzip_body::impl {
    impl() { ready = inflateInit2(&stream, 15 + 16) == Z_OK; }  // 16: gzip only
    ~impl() {
        if (ready) inflateEnd(&stream);
    }
    impl(const impl&)            = delete;
    impl& operator=(const impl&) = delete;

    z_stream stream{};
    bool     ready = false;
    bool     ended = false;
};

gzip_body::gzip_body() : impl_(std::make_unique<impl>()) {}
gzip_body::~gzip_body()                               = default;
gzip_body::gzip_body(gzip_body&&) noexcept            = default;
gzip_body& gzip_body::operator=(gzip_body&&) noexcept = default;

result<void> gzip_body::add(std::string_view piece, std::string& into, std::uint64_t most) {
    auto& stream    = impl_->stream;
    stream.next_in  = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    std::array<char, 16 * 1024> some;
    while (impl_->ready && !impl_->ended) {
        stream.next_out   = reinterpret_cast<Bytef*>(some.data());
        stream.avail_out  = some.size();
        const auto status = inflate(&stream, Z_NO_FLUSH);
        const auto got    = some.size() - stream.avail_out;
        if (into.size() + got > most)
            return failure{errc::too_large, "the answer is too large when it is unpacked"};
        into.append(some.data(), got);
        impl_->ended = status == Z_STREAM_END;
        if (status == Z_BUF_ERROR || (status == Z_OK && got == 0 && stream.avail_in == 0))
            return {};  // more is to come
        if (status != Z_OK && status != Z_STREAM_END) break;
    }
    if (impl_->ended && stream.avail_in == 0) return {};
    return failure{errc::malformed, "the answer says that it is gzip, and is damaged"};
}

result<void> gzip_body::finish() const {
    if (impl_->ended) return {};
    return failure{errc::malformed, "the answer's gzip is cut short"};
}

}  // namespace falconer::net

#include "falconer/falco/gunzip.hpp"

#include <zlib.h>

#include <vector>

namespace falconer::falco {
namespace {

failure wrong(std::string why) {
    return {errc::malformed, "failed to decompress: " + std::move(why)};
}

class inflater {
public:
    explicit inflater(std::string_view from) {
        ready_           = inflateInit2(&stream_, 15 + 16) == Z_OK;  // 16: gzip only
        stream_.next_in  = reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));
        stream_.avail_in = static_cast<uInt>(from.size());
    }
    ~inflater() {
        if (ready_) inflateEnd(&stream_);
    }
    inflater(const inflater&)            = delete;
    inflater& operator=(const inflater&) = delete;

    /// Until the stream ends, breaks off, or has brought more than `most` bytes, hardly more. What
    /// zlib says.
    int run(std::string& into, std::size_t most) {
        std::vector<char> piece(64U << 10);
        int               status = ready_ ? Z_OK : Z_MEM_ERROR;
        while (status == Z_OK && into.size() <= most) {
            stream_.next_out  = reinterpret_cast<Bytef*>(piece.data());
            stream_.avail_out = static_cast<uInt>(piece.size());
            status            = inflate(&stream_, Z_NO_FLUSH);
            into.append(piece.data(), piece.size() - stream_.avail_out);
        }
        return status;
    }
    std::size_t left() const { return stream_.avail_in; }

private:
    z_stream stream_{};
    bool     ready_ = false;
};

}  // namespace

result<std::string> gunzip(std::string_view compressed, std::size_t most) {
    constexpr std::size_t least = 18;  // a header of 10 bytes and a trailer of 8; RFC 1952
    if (compressed.size() < least || static_cast<unsigned char>(compressed[0]) != 0x1F ||
        static_cast<unsigned char>(compressed[1]) != 0x8B)
        return wrong("it is not gzip");
    // Its trailer is not asked how long the text is: where something follows, it is not the
    // trailer.
    inflater    run(compressed);
    std::string text;
    const int   ended = run.run(text, most);
    if (text.size() > most)
        return wrong("uncompressed it has more than " + std::to_string(most) + " bytes");
    if (ended == Z_BUF_ERROR) return wrong("the data is cut short");
    if (ended != Z_STREAM_END)
        return wrong("the data is damaged, or its length is not the one in its trailer");
    if (const auto more = run.left(); more > 0)
        return wrong(
            std::to_string(more) + (more == 1 ? " byte follows" : " bytes follow") +
            " the compressed data"
        );
    return text;
}

}  // namespace falconer::falco

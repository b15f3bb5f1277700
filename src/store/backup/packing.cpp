#include "packing.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <array>
#include <stdexcept>

namespace falconer::store {
namespace {

constexpr int         gzip_window = 15 + 16;  // 16: with gzip's head and sum. Source: zlib.h
constexpr int         quick       = 3;        // of 9: half the time of 6, a tenth more bytes
constexpr std::size_t room        = 64 * 1024;

Bytef* bytes_of(std::string_view piece) {
    // zlib promises to leave them alone; its interface is older than const.
    return reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
}

}  // namespace

// --- sum ----------------------------------------------------------------------------------------

struct running_sum::state {
    struct free_context {
        void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
    };
    std::unique_ptr<EVP_MD_CTX, free_context> context{EVP_MD_CTX_new()};
};

running_sum::running_sum() : state_(std::make_unique<state>()) {
    if (EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 is not available");
}
running_sum::~running_sum() = default;

void running_sum::add(std::string_view piece) {
    EVP_DigestUpdate(state_->context.get(), piece.data(), piece.size());
}

std::string running_sum::hex() {
    std::array<unsigned char, 32> sum{};
    EVP_DigestFinal_ex(state_->context.get(), sum.data(), nullptr);
    static constexpr char digits[] = "0123456789abcdef";
    std::string           text;
    for (const auto byte : sum) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

// --- packing ------------------------------------------------------------------------------------

struct packer::state {
    z_stream               zip{};
    std::array<char, room> out{};
};

packer::packer() : state_(std::make_unique<state>()) {
    if (deflateInit2(&state_->zip, quick, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
}
packer::~packer() {
    deflateEnd(&state_->zip);
}

result<void> packer::work(std::string_view piece, int flush, const byte_sink& into) {
    auto& zip    = state_->zip;
    zip.next_in  = bytes_of(piece);
    zip.avail_in = static_cast<uInt>(piece.size());
    for (;;) {
        zip.next_out       = reinterpret_cast<Bytef*>(state_->out.data());
        zip.avail_out      = static_cast<uInt>(room);
        const int  status  = deflate(&zip, flush);
        const auto written = room - zip.avail_out;
        if (written > 0) {
            auto taken = into({state_->out.data(), written});
            if (!taken) return taken;
        }
        if (status == Z_STREAM_END || (flush == Z_NO_FLUSH && zip.avail_out > 0)) return {};
    }
}

result<void> packer::add(std::string_view piece, const byte_sink& into) {
    return work(piece, Z_NO_FLUSH, into);
}

result<void> packer::end(const byte_sink& into) {
    return work({}, Z_FINISH, into);
}

// --- unpacking ----------------------------------------------------------------------------------

struct unpacker::state {
    z_stream               zip{};
    std::array<char, room> out{};
    bool                   ended = false;
};

unpacker::unpacker() : state_(std::make_unique<state>()) {
    if (inflateInit2(&state_->zip, gzip_window) != Z_OK) throw std::bad_alloc();
}
unpacker::~unpacker() {
    inflateEnd(&state_->zip);
}

result<void> unpacker::add(std::string_view piece, const byte_sink& into) {
    auto& zip    = state_->zip;
    zip.next_in  = bytes_of(piece);
    zip.avail_in = static_cast<uInt>(piece.size());
    for (;;) {
        if (state_->ended) {
            if (zip.avail_in > 0) return failure{errc::malformed, "there is more behind its end"};
            return {};
        }
        zip.next_out       = reinterpret_cast<Bytef*>(state_->out.data());
        zip.avail_out      = static_cast<uInt>(room);
        const int  status  = inflate(&zip, Z_NO_FLUSH);
        const auto written = room - zip.avail_out;
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return failure{errc::malformed, "it is not what was compressed"};
        if (written > 0) {
            auto taken = into({state_->out.data(), written});
            if (!taken) return taken;
        }
        state_->ended = status == Z_STREAM_END;
        if (!state_->ended && zip.avail_in == 0 && zip.avail_out > 0) return {};
    }
}

result<void> unpacker::end() const {
    if (state_->ended) return {};
    return failure{errc::malformed, "it is cut short"};
}

}  // namespace falconer::store

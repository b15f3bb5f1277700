// Little-endian numbers and length-prefixed texts, in and out of bytes that may be damaged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace falconer::ingest {

class byte_writer {
public:
    explicit byte_writer(std::string& out) : out_(out) {}

    template <class Number>
    void number(Number value) {
        static_assert(std::is_integral_v<Number>);
        auto bits = static_cast<std::make_unsigned_t<Number>>(value);
        char bytes[sizeof(Number)];
        for (char& byte : bytes) {
            byte = static_cast<char>(bits & 0xFF);
            if constexpr (sizeof(Number) > 1) bits >>= 8;
        }
        out_.append(bytes, sizeof bytes);
    }
    void raw(const void* from, std::size_t size) {
        out_.append(static_cast<const char*>(from), size);
    }
    /// At most 4 GiB − 2.
    void text(std::string_view value) {
        number(static_cast<std::uint32_t>(value.size()));
        out_.append(value);
    }

private:
    std::string& out_;
};

/// Once anything was missing, everything reads as zero or empty and ok() is false: the caller looks
/// once, at the end of a record.
class byte_reader {
public:
    explicit byte_reader(std::string_view in) : in_(in) {}

    template <class Number>
    Number number() {
        static_assert(std::is_integral_v<Number>);
        using bits        = std::make_unsigned_t<Number>;
        const auto  bytes = take(sizeof(Number));
        bits        value = 0;
        std::size_t shift = 0;
        for (const char byte : bytes) {
            value |=
                static_cast<bits>(static_cast<bits>(static_cast<unsigned char>(byte)) << shift);
            shift += 8;
        }
        return static_cast<Number>(value);
    }
    void raw(void* to, std::size_t size) {
        const auto bytes = take(size);
        if (!bytes.empty()) std::memcpy(to, bytes.data(), size);
    }
    std::string_view text() {
        const auto size = number<std::uint32_t>();
        return take(size);
    }
    std::string_view take(std::size_t size) {
        if (size > in_.size()) {
            ok_ = false;
            in_ = {};
            return {};
        }
        const auto taken = in_.substr(0, size);
        in_.remove_prefix(size);
        return taken;
    }

    bool        ok() const noexcept { return ok_; }
    void        fail() noexcept { ok_ = false; }
    std::size_t left() const noexcept { return in_.size(); }

private:
    std::string_view in_;
    bool             ok_ = true;
};

}  // namespace falconer::ingest

// The bytes of a backup: compressed as gzip does, and summed up. Pure.
#pragma once

#include "falconer/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace falconer::store {

using byte_sink = std::function<result<void>(std::string_view piece)>;

/// SHA-256 of what is added, piece by piece.
class running_sum {
public:
    running_sum();
    ~running_sum();
    running_sum(const running_sum&)            = delete;
    running_sum& operator=(const running_sum&) = delete;

    void add(std::string_view piece);
    /// 64 digits; once, at the end.
    std::string hex();

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Source: RFC 1952; what comes out can be read with gunzip.
class packer {
public:
    packer();
    ~packer();
    packer(const packer&)            = delete;
    packer& operator=(const packer&) = delete;

    /// Errors: those of the sink.
    result<void> add(std::string_view piece, const byte_sink& into);
    result<void> end(const byte_sink& into);

private:
    struct state;
    result<void>           work(std::string_view piece, int flush, const byte_sink& into);
    std::unique_ptr<state> state_;
};

class unpacker {
public:
    unpacker();
    ~unpacker();
    unpacker(const unpacker&)            = delete;
    unpacker& operator=(const unpacker&) = delete;

    /// Errors: malformed, and those of the sink.
    result<void> add(std::string_view piece, const byte_sink& into);
    /// The whole of it was there. Errors: malformed.
    result<void> end() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace falconer::store

#include "pg_copy.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

/// PostgreSQL counts microseconds from 2000-01-01.
constexpr utc_time postgres_epoch{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}};

constexpr char jsonb_version = 1;

template <class Number>
std::array<char, sizeof(Number)> big_endian(Number value) {
    const auto                       bits = static_cast<std::make_unsigned_t<Number>>(value);
    std::array<char, sizeof(Number)> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(bits >> (8 * (bytes.size() - 1 - i)));
    return bytes;
}

}  // namespace

template <class Number>
void pg_copy::number(Number value) {
    const auto bytes = big_endian(value);
    out_.append(bytes.data(), bytes.size());
}

void pg_copy::begin() {
    using namespace std::string_view_literals;
    to_come_.clear();
    out_.assign("PGCOPY\n\377\r\n\0"sv);
    number(std::int32_t{0});  // flags
    number(std::int32_t{0});  // header extension
}

void pg_copy::row(std::int16_t fields) {
    number(fields);
}

void pg_copy::text(std::string_view value) {
    number(static_cast<std::int32_t>(value.size()));
    out_.append(value);
}

void pg_copy::bytes(std::span<const std::uint8_t> value) {
    number(static_cast<std::int32_t>(value.size()));
    out_.append(reinterpret_cast<const char*>(value.data()), value.size());
}

void pg_copy::timestamp(utc_time value) {
    const auto since =
        std::chrono::duration_cast<std::chrono::microseconds>(value - postgres_epoch);
    number(std::int32_t{8});
    number(std::int64_t{since.count()});
}

void pg_copy::json(std::string_view value) {
    number(static_cast<std::int32_t>(value.size() + 1));
    out_.push_back(jsonb_version);
    out_.append(value);
}

void pg_copy::object(std::string_view value, std::uint32_t kind) {
    const auto size_at = out_.size();
    number(std::int32_t{0});
    const auto begin = out_.size();
    out_.push_back(jsonb_version);
    order_.append(value, kind, out_);
    const auto size = big_endian(static_cast<std::int32_t>(out_.size() - begin));
    std::ranges::copy(size, out_.begin() + static_cast<std::ptrdiff_t>(size_at));
}

void pg_copy::int2(std::int16_t value) {
    number(std::int32_t{2});
    number(value);
}

void pg_copy::int4(std::int32_t value) {
    number(std::int32_t{4});
    number(value);
}

void pg_copy::int8_to_come() {
    number(std::int32_t{8});
    to_come_.push_back(out_.size());
    number(std::int64_t{0});
}

void pg_copy::put_in(std::int64_t value) {
    const auto bytes = big_endian(value);
    for (const auto at : to_come_)
        std::ranges::copy(bytes, out_.begin() + static_cast<std::ptrdiff_t>(at));
}

void pg_copy::microseconds(std::int64_t since_1970) {
    constexpr auto epoch =
        std::chrono::duration_cast<std::chrono::microseconds>(postgres_epoch.time_since_epoch());
    number(std::int32_t{8});
    number(std::int64_t{since_1970 - epoch.count()});
}

void pg_copy::null() {
    number(std::int32_t{-1});
}

std::string_view pg_copy::end() {
    number(std::int16_t{-1});
    return out_;
}

}  // namespace falconer::store

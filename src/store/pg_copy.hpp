// Events as the bytes of a binary COPY. Pure.
#pragma once

#include "falconer/event.hpp"
#include "member_order.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::store {

/// Builds the data of a `COPY ... FROM STDIN (FORMAT binary)`: header, rows, trailer.
/// Source: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format"
class pg_copy {
public:
    /// Starts over; keeps the memory.
    void begin();
    void row(std::int16_t fields);
    void text(std::string_view value);
    void bytes(std::span<const std::uint8_t> value);
    void timestamp(utc_time value);     // timestamptz
    void json(std::string_view value);  // jsonb
    /// jsonb, with its members in the order that costs the server least. `kind`: see member_order.
    void             object(std::string_view value, std::uint32_t kind);
    void             int2(std::int16_t value);
    void             int4(std::int32_t value);
    void             microseconds(std::int64_t since_1970);  // timestamptz, of all years
    void             null();
    void             int8_to_come();  // the same in all rows, and not known yet: …
    void             put_in(std::int64_t value);
    std::string_view end();

private:
    template <class Number>
    void number(Number value);

    std::string              out_;
    std::vector<std::size_t> to_come_{};  // where in out_
    member_order             order_{};
};

}  // namespace falconer::store

// Messages as bytes.
#include "http_codec.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>

namespace falconer::net {
namespace {

void append_number(std::string& out, std::uint64_t number) {
    char       digits[20];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    out.append(digits, end);
}

void append_fields(const http_headers& headers, std::string& out) {
    headers.each([&](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    });
}

void append_length(std::size_t size, std::string& out) {
    out.append("Content-Length: ");
    append_number(out, size);
    out.append("\r\n");
}

}  // namespace

void encode(const http_request& message, std::string& out) {
    out.append(message.method).append(" ").append(message.target).append(" HTTP/1.1\r\n");
    append_fields(message.headers, out);
    if (!message.body.empty() || message.method != "GET") append_length(message.body.size(), out);
    if (!message.keep_alive) out.append("Connection: close\r\n");
    out.append("\r\n").append(message.body);
}

std::string http_date(utc_time when) {
    using namespace std::chrono;
    constexpr std::string_view days_of_week[]   = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::string_view months_of_year[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto                 second           = floor<seconds>(when);
    const auto                 midnight         = floor<days>(second);
    const year_month_day       date{midnight};
    const hh_mm_ss             clock{second - midnight};
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days_of_week[weekday(midnight).c_encoding()],
        static_cast<unsigned>(date.day()), months_of_year[static_cast<unsigned>(date.month()) - 1],
        static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
        clock.seconds().count()
    );
}

void encode(const http_response& message, std::string& out, bool head_only, std::string_view date) {
    out.append("HTTP/1.1 ");
    append_number(out, message.status);
    out.append(" ").append(reason_of(message.status)).append("\r\n");
    if (!date.empty()) out.append("Date: ").append(date).append("\r\n");
    append_fields(message.headers, out);
    if (message.stream)
        out.append("Transfer-Encoding: chunked\r\n");
    else if (message.status != 204 && message.status != 304)
        append_length(message.body.size(), out);
    if (!message.keep_alive) out.append("Connection: close\r\n");
    out.append("\r\n");
    if (head_only) return;
    if (message.stream)
        append_chunk(message.body, out);
    else
        out.append(message.body);
}

void append_chunk(std::string_view piece, std::string& out) {
    if (piece.empty()) return;  // an empty chunk would be the last one
    std::array<char, 16> digits{};
    const auto [end, bad] =
        std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16);
    out.append(digits.data(), end).append("\r\n").append(piece).append("\r\n");
}

}  // namespace falconer::net

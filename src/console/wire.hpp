// Requests as the console reads them, and answers as it writes them.
#pragma once

#include "falconer/net/http_message.hpp"
#include "falconer/result.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer::console {

/// A request's path and what stands behind its question mark, decoded.
struct address {
    std::string                                      path{};
    std::vector<std::pair<std::string, std::string>> parameters{};

    /// Of the first of that name.
    std::optional<std::string> find(std::string_view name) const;
    std::string                text(std::string_view name) const { return find(name).value_or(""); }
};
/// Nothing: its escapes are not UTF-8, or have a U+0000.
std::optional<address> address_of(std::string_view target);

/// The value of a cookie. Source: RFC 6265 §5.4
std::optional<std::string_view> cookie(const net::http_request& request, std::string_view name);

/// JSON under construction.
class json_text_writer {
public:
    using writer = rapidjson::Writer<rapidjson::StringBuffer>;

    writer& operator*() { return out_; }
    writer* operator->() { return &out_; }

    json_text_writer& key(std::string_view name) {
        out_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
        return *this;
    }
    void text(std::string_view is) {
        out_.String(is.data(), static_cast<rapidjson::SizeType>(is.size()));
    }
    void text_or_null(const std::optional<std::string>& is) {
        if (is)
            text(*is);
        else
            out_.Null();
    }
    std::string taken() const { return {buffer_.GetString(), buffer_.GetSize()}; }

private:
    rapidjson::StringBuffer buffer_{};
    writer                  out_{buffer_};
};

inline constexpr std::string_view bearer_scheme = "Bearer ";

/// Of a flow that signs somebody in elsewhere.
inline constexpr std::string_view flow_cookie = "falconer-sign-in";

net::http_response json_answer(std::string body, unsigned status = 200);

/// What was wrong, as RFC 9457 has it. `kind`: the last part of its type.
struct problem {
    unsigned                     status = 400;
    std::string                  kind{};
    std::string                  title{};
    std::string                  detail{};
    std::string                  parameter{};
    std::optional<std::size_t>   column{}, length{};
    std::optional<std::uint32_t> retry_after{};  // seconds
};
net::http_response answer_of(const problem& what);
/// Of a question that the store did not answer.
problem problem_of(const failure& why);

problem not_found(std::string what);
problem wrong_parameter(std::string name, std::string why);

/// The first `most` characters of it, and whole ones.
std::string_view beginning_of(std::string_view text, std::size_t most);

}  // namespace falconer::console

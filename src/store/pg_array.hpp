// Values as the text of a PostgreSQL array. Pure.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace falconer::store {

/// Source: https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO
class pg_array {
public:
    void add(std::string_view value) {
        text_ += text_.size() > 1 ? ",\"" : "\"";
        for (const char c : value) {
            if (c == '"' || c == '\\') text_ += '\\';
            text_ += c;
        }
        text_ += '"';
    }
    void add(std::integral auto value) {
        char       digits[24];
        const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        if (text_.size() > 1) text_ += ',';
        text_.append(digits, end);
    }
    std::string text() const { return text_ + '}'; }

private:
    std::string text_ = "{";
};

}  // namespace falconer::store

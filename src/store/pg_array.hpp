// Values as the text of a PostgreSQL array. Pure.
#pragma once

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
    std::string text() const { return text_ + '}'; }

private:
    std::string text_ = "{";
};

}  // namespace falconer::store

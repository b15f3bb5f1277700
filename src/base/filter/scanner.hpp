// The words of a filter: where one begins and ends, and what its quotes and stars mean.
#pragma once

#include "falconer/filter.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace falconer::filter {

/// A value as it was written.
struct written {
    std::string text{};           // without quotes and backslashes
    std::string pattern{};        // lowered, as LIKE has it
    bool        glob    = false;  // there is a star or a question mark that is one
    bool        literal = false;  // some of it is in quotes or behind a backslash
    bool        starred = false;  // nothing but stars
    std::size_t begin = 0, end = 0;

    text_pattern equal() const;     // is exactly that
    text_pattern anywhere() const;  // has that in it
};

enum class comparison { is, less, at_most, more, at_least };

/// Thrown within the parser only.
struct wrong {
    std::size_t begin, end;  // bytes
    std::string what;
};

class scanner {
public:
    explicit scanner(std::string_view text) : text_(text) {}

    void        skip_blanks();
    bool        at_end() const { return at_ >= text_.size(); }
    char        peek() const { return at_end() ? '\0' : text_[at_]; }
    std::size_t at() const { return at_; }
    std::size_t size() const { return text_.size(); }
    void        take() { ++at_; }

    /// "OR": the whole word, in capitals. Taken if it is there.
    bool take_word(std::string_view word);
    /// A minus before something.
    bool take_minus();

    /// Name and operator of `name:`, `name>=` …; nothing is taken where there is none.
    struct head {
        std::string name{};
        bool        quoted = false;
        comparison  how    = comparison::is;
        std::size_t begin = 0, end = 0;  // of the name
    };
    bool take_head(head& into);

    /// Up to the next blank or parenthesis that is not in quotes; may be empty.
    written take_value();

private:
    bool        is_break(std::size_t at) const;
    void        take_quoted(written& into);
    std::size_t end_of_name() const;
    bool        take_operator(std::size_t at, comparison& how);

    std::string_view text_;
    std::size_t      at_ = 0;
};

}  // namespace falconer::filter

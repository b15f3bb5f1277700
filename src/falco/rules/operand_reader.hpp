// Reads operands out of a condition: a cursor over its text, and the first thing that is wrong.
#pragma once

#include "operand.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::falco::rules {

/// Deeper ones are nobody's, and every level costs some of the stack.
inline constexpr int deepest_condition = 150;

class operand_reader {
public:
    explicit operand_reader(std::string_view text) : text_(text) {}

    /// `right`: of an operator, where a name without a transformer is a text: org.apache.hadoop.
    /// Nothing: here is none, or it went wrong.
    std::optional<operand> parse_operand(bool right, int depth = 0);

    /// What stands in quotes here. Nothing: it went wrong.
    std::optional<std::string> take_quoted();

    bool        at_end() const noexcept { return at_ >= text_.size(); }
    std::size_t at() const noexcept { return at_; }

    std::optional<syntax_error>&& wrong() && noexcept { return std::move(wrong_); }

protected:
    std::string_view rest() const { return text_.substr(at_); }
    char             peek() const { return at_end() ? '\0' : text_[at_]; }
    void             skip_blanks();
    bool             take(char c);
    /// "'and'", "its end": what stands here.
    std::string found() const;
    void        fail(std::string what) { fail_at(at_, std::move(what)); }
    void        fail_at(std::size_t at, std::string what);

    std::string_view            text_;
    std::size_t                 at_ = 0;
    std::optional<syntax_error> wrong_{};

private:
    std::optional<operand> parse_field(std::string_view name);
    /// Behind "word(".
    std::optional<operand> parse_transformed(std::string_view word, int depth);
    std::optional<operand> parse_call(std::string_view word, int depth);
    std::optional<operand> parse_part(int depth, bool listed);
    std::optional<operand> parse_list(int depth);
    bool                   close(std::string_view word);
    std::size_t            number_size() const;
    std::size_t            end_of_quoted() const;
    /// What stands between two quotes, which are those around it.
    std::optional<std::string> unescaped(std::size_t begin, std::size_t end);
};

}  // namespace falconer::falco::rules

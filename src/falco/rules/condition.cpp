#include "condition.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <array>

namespace falconer::falco::rules {
namespace {

/// Deeper ones are nobody's, and every level costs some of the stack.
constexpr int deepest_condition = 150;

constexpr std::array<std::string_view, 3> modifiers{"oneof", "anyof", "allof"};

class parser {
public:
    explicit parser(std::string_view text) : text_(text) {}

    parsed_condition run() {
        parsed_condition done;
        skip_blanks();
        if (at_end()) {
            fail("the condition is empty");
        } else {
            done.is = parse_any_of();
            skip_blanks();
            if (!wrong_ && !at_end()) fail("expected 'and' or 'or', found " + found());
        }
        done.wrong = std::move(wrong_);
        return done;
    }

private:
    // --- reading characters ---------------------------------------------------------------------

    bool             at_end() const { return at_ >= text_.size(); }
    std::string_view rest() const { return text_.substr(at_); }
    char             peek() const { return at_end() ? '\0' : text_[at_]; }
    void             skip_blanks() {
        while (!at_end() && is_blank(text_[at_])) ++at_;
    }
    bool take(char c) {
        if (peek() != c || at_end()) return false;
        ++at_;
        return true;
    }
    /// "and" in front of a blank or a parenthesis.
    bool take_junction(std::string_view word) {
        if (word_at(rest()) != word) return false;
        const auto behind = at_ + word.size();
        if (behind < text_.size() && !is_blank(text_[behind]) && text_[behind] != '(') return false;
        at_ = behind;
        return true;
    }
    std::string found() const {
        if (at_end()) return "its end";
        const auto* end  = std::ranges::find_if(rest(), [](char c) { return is_blank(c); });
        auto        next = rest().substr(0, static_cast<std::size_t>(end - rest().begin()));
        if (const auto word = word_at(next); !word.empty()) next = word;
        return '\'' + in_one_line(next.substr(0, 40)) + '\'';
    }
    void fail(std::string what) { fail_at(at_, std::move(what)); }
    void fail_at(std::size_t at, std::string what) {
        if (!wrong_) wrong_ = syntax_error{at, std::move(what)};
    }

    // --- the grammar ----------------------------------------------------------------------------

    expression parse_any_of() {
        return parse_joined("or", expression::kind::any_of, &parser::parse_all_of);
    }
    expression parse_all_of() {
        return parse_joined("and", expression::kind::all_of, &parser::parse_negation);
    }
    expression parse_joined(
        std::string_view word, expression::kind is, expression (parser::*part)()
    ) {
        skip_blanks();
        const auto begin = at_;
        auto       first = (this->*part)();
        skip_blanks();
        if (wrong_ || !take_junction(word)) return first;
        expression all{.is = is, .at = begin};
        all.parts.push_back(std::move(first));
        do {
            all.parts.push_back((this->*part)());
            skip_blanks();
        } while (!wrong_ && take_junction(word));
        return all;
    }

    expression parse_negation() {
        skip_blanks();
        const auto begin   = at_;
        bool       negated = false;
        while (take_junction("not")) {
            negated = !negated;
            skip_blanks();
        }
        auto inner = parse_check();
        if (!negated) return inner;
        expression all{.is = expression::kind::negation, .at = begin};
        all.parts.push_back(std::move(inner));
        return all;
    }

    expression parse_check() {
        skip_blanks();
        const auto begin = at_;
        if (take('(')) {
            if (++depth_ > deepest_condition) {
                fail_at(begin, "too many parentheses in each other");
                return {};
            }
            auto inner = parse_any_of();
            --depth_;
            skip_blanks();
            if (!wrong_ && !take(')')) fail(missing_parenthesis(begin));
            return inner;
        }
        if (auto left = parse_operand(false)) return parse_comparison(*std::move(left), begin);
        if (wrong_) return {};
        const auto word = word_at(rest());
        if (word.empty()) {
            fail("expected a field, a macro or '(', found " + found());
            return {};
        }
        if (word == "and" || word == "or" || word == "not") {
            fail("expected a field, a macro or '(', found " + found());
            return {};
        }
        at_ += word.size();
        if (peek() == '(') {
            fail_at(
                begin,
                "there is no transformer '" + std::string(word) + "'" + near_transformer(word)
            );
            return {};
        }
        expression named{.is = expression::kind::macro, .at = begin};
        named.macro = word;
        return named;
    }

    std::string missing_parenthesis(std::size_t opened) const {
        return "expected ')' for the '(' at character " + std::to_string(opened + 1) +
               " of the condition, found " + found();
    }

    /// Nothing: here is none, or it went wrong.
    std::optional<operand> parse_operand(bool right, int depth = 0) {
        const auto begin = at_;
        // To the right, a name without a transformer is a text: org.apache.hadoop.
        if (const auto field = field_name_at(rest()); !field.empty() && !right) {
            operand is{.field = std::string(field), .at = begin};
            at_ += field.size();
            syntax_error wrong;
            auto         argument = argument_at(rest(), wrong);
            if (!argument) {
                fail_at(at_ + wrong.at, std::move(wrong.what));
                return std::nullopt;
            }
            is.argument  = std::move(argument->is);
            at_         += argument->size;
            return is;
        }
        const auto word = word_at(rest());
        if (!is_transformer(word) || at_ + word.size() >= text_.size() ||
            text_[at_ + word.size()] != '(' || depth > deepest_condition)
            return std::nullopt;
        if (word == "val" && !right) {
            fail("val() stands only to the right of an operator");
            return std::nullopt;
        }
        at_ += word.size() + 1;
        skip_blanks();
        auto inner = parse_operand(false, depth + 1);
        if (!inner) {
            if (!wrong_) fail("expected a field in " + std::string(word) + "(), found " + found());
            return std::nullopt;
        }
        skip_blanks();
        if (!take(')')) {
            fail("expected ')' behind what is in " + std::string(word) + "(, found " + found());
            return std::nullopt;
        }
        inner->transformers.insert(inner->transformers.begin(), std::string(word));
        inner->at = begin;
        return inner;
    }

    expression parse_comparison(operand left, std::size_t begin) {
        expression is{.is = expression::kind::check, .at = begin};
        is.left = std::move(left);
        skip_blanks();
        is.comparison_at = at_;
        is.comparison    = take_comparison();
        const auto kind  = kind_of_comparison(is.comparison);
        if (!kind) {
            fail_at(
                is.comparison_at,
                is.comparison.empty()
                    ? "expected an operator behind '" + is.left.field + "', found " + found()
                    : "there is no operator '" + in_one_line(is.comparison) + "'" +
                          near_comparison(is.comparison)
            );
            return is;
        }
        if (*kind == comparison_kind::unary) return is;
        skip_blanks();
        if (*kind == comparison_kind::text) {
            if (const auto word = word_at(rest());
                std::ranges::find(modifiers, word) != modifiers.end() &&
                followed_by_parenthesis(word.size())) {
                is.modifier  = word;
                at_         += word.size();
                skip_blanks();
            }
        }
        is.right = parse_operand(true);
        if (is.right || wrong_) return is;
        if (*kind == comparison_kind::number)
            parse_number(is);
        else if (*kind == comparison_kind::list || !is.modifier.empty())
            parse_values(is);
        else
            parse_value(is);
        return is;
    }

    bool followed_by_parenthesis(std::size_t offset) const {
        auto behind = rest().substr(offset);
        while (!behind.empty() && is_blank(behind.front())) behind.remove_prefix(1);
        return behind.starts_with('(');
    }

    std::string take_comparison() {
        const auto word = word_at(rest());
        auto       size = word.size();
        if (word.empty())
            while (size < rest().size() && size < 3 &&
                   std::string_view("=!<>~&|").find(rest()[size]) != std::string_view::npos)
                ++size;
        std::string name(rest().substr(0, size));
        // "a=>b": the longest that is one.
        while (word.empty() && name.size() > 1 && !kind_of_comparison(name)) name.pop_back();
        at_ += name.size();
        // A word needs a blank behind it, or what cannot be part of one.
        if (!word.empty() && !at_end() && !is_blank(peek()) && peek() != '(' && peek() != '"' &&
            peek() != '\'' && peek() != ')')
            return std::string(word) + peek();
        return name;
    }

    void parse_number(expression& into) {
        const auto begin = at_;
        if (peek() == '+' || peek() == '-') ++at_;
        const auto hex = rest().starts_with("0x") || rest().starts_with("0X");
        while (!at_end() &&
               (is_digit(peek()) || peek() == '.' || (hex && is_in_word(peek())) ||
                ((peek() == 'e' || peek() == 'E') && at_ > begin && is_digit(text_[at_ - 1]))))
            ++at_;
        if (at_ == begin || !is_digit(text_[at_ - 1] == '.' ? '0' : hex ? '0' : text_[at_ - 1])) {
            at_ = begin;
            fail("expected a number behind '" + into.comparison + "', found " + found());
            return;
        }
        into.values.push_back({std::string(text_.substr(begin, at_ - begin)), false, begin});
    }

    void parse_value(expression& into) {
        const auto begin = at_;
        if (peek() == '"' || peek() == '\'') {
            const auto end = end_of_quoted();
            if (end == std::string_view::npos) {
                fail("a quote that is never closed");
                return;
            }
            auto text = unescaped(begin + 1, end);
            if (wrong_) return;
            into.values.push_back({std::move(text), true, begin});
            at_ = end + 1;
            return;
        }
        while (!at_end() && !ends_bare_text(peek())) ++at_;
        if (at_ == begin)
            fail("expected a value behind '" + into.comparison + "', found " + found());
        else
            into.values.push_back({std::string(text_.substr(begin, at_ - begin)), false, begin});
    }

    void parse_values(expression& into) {
        const auto begin = at_;
        if (!take('(')) {
            const auto word = word_at(rest());
            if (word.empty()) {
                fail("expected '(' behind '" + into.comparison + "', found " + found());
                return;
            }
            into.values.push_back({std::string(word), false, at_});
            at_ += word.size();
            return;
        }
        into.listed = true;
        skip_blanks();
        if (take(')')) return;
        do {
            skip_blanks();
            parse_value(into);
            skip_blanks();
        } while (!wrong_ && take(','));
        if (!wrong_ && !take(')')) fail(missing_parenthesis(begin));
    }

    std::size_t end_of_quoted() const {
        const char quote = peek();
        for (auto i = at_ + 1; i < text_.size(); ++i)
            if (text_[i] == quote && text_[i - 1] != '\\') return i;
        return std::string_view::npos;
    }

    /// What stands between two quotes, which are those around it. A backslash may be escaped, the
    /// very quote, and what has a letter of its own; "\." is refused, and written "\\.".
    /// Source: falcosecurity/libs, userspace/libsinsp/filter/escaping.cpp.
    std::string unescaped(std::size_t begin, std::size_t end) {
        const char  quote = text_[begin - 1];
        std::string text;
        for (auto i = begin; i < end; ++i) {
            if (text_[i] != '\\' || i + 1 == end) {
                text += text_[i];
                continue;
            }
            const char                 escaped = text_[++i];
            constexpr std::string_view letters = "bfnrt/\\ ", are = "\b\f\n\r\t/\\\\";
            if (const auto which = letters.find(escaped); which != letters.npos) {
                text += are[which];
            } else if (escaped == quote) {
                text += quote;
            } else {
                fail_at(i - 1, "'\\' begins no escape here; a backslash itself is written '\\\\'");
                return {};
            }
        }
        return text;
    }

    std::string_view            text_;
    std::size_t                 at_    = 0;
    int                         depth_ = 0;
    std::optional<syntax_error> wrong_{};
};

}  // namespace

parsed_condition parse_condition(std::string_view text) {
    return parser(text).run();
}

}  // namespace falconer::falco::rules

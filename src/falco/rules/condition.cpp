#include "condition.hpp"

#include "falconer/spelling.hpp"
#include "operand_reader.hpp"

#include <algorithm>
#include <array>

namespace falconer::falco::rules {
namespace {

class parser : private operand_reader {
public:
    explicit parser(std::string_view text) : operand_reader(text) {}

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
    /// "and" in front of a blank or a parenthesis.
    bool take_junction(std::string_view word) {
        if (word_at(rest()) != word) return false;
        const auto behind = at_ + word.size();
        if (behind < text_.size() && !is_blank(text_[behind]) && text_[behind] != '(') return false;
        at_ = behind;
        return true;
    }

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
        // "contains\"a\"" is none, "in(a)" and "=a" are.
        if (*kind == comparison_kind::text && !word_at(is.comparison).empty() &&
            !expect_blank(is.comparison))
            return is;
        skip_blanks();
        if (*kind == comparison_kind::text && !take_modifier(is)) return is;
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

    bool expect_blank(std::string_view word) {
        if (at_end() || is_blank(peek())) return true;
        fail("expected a blank behind '" + std::string(word) + "', found " + found());
        return false;
    }

    /// One that a list follows, or the name of one; any other is a value: "proc.name = oneof".
    /// False: it goes wrong. Source: falcosecurity/libs 0.25, userspace/libsinsp/filter/parser.cpp,
    /// parse_condition.
    bool take_modifier(expression& into) {
        const auto word = word_at(rest());
        if (!is_modifier(word) || !is_blank(text_[at_ - 1])) return true;
        const auto begin  = at_;
        at_              += word.size();
        if (peek() == '(') return expect_blank(word);
        skip_blanks();
        const auto next  = word_at(rest());
        const bool joins = next == "and" || next == "or" || next == "not";
        const bool list = at_ > begin + word.size() && (peek() == '(' || (!next.empty() && !joins));
        if (list)
            into.modifier = word;
        else
            at_ = begin;
        return true;
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
            if (auto text = take_quoted()) into.values.push_back({*std::move(text), true, begin});
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

    int depth_ = 0;
};

}  // namespace

parsed_condition parse_condition(std::string_view text) {
    return parser(text).run();
}

}  // namespace falconer::falco::rules

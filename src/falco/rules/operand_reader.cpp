#include "operand_reader.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <utility>

namespace falconer::falco::rules {

void operand_reader::skip_blanks() {
    while (!at_end() && is_blank(text_[at_])) ++at_;
}

bool operand_reader::take(char c) {
    if (peek() != c || at_end()) return false;
    ++at_;
    return true;
}

std::string operand_reader::found() const {
    if (at_end()) return "its end";
    const auto* end  = std::ranges::find_if(rest(), [](char c) { return is_blank(c); });
    auto        next = rest().substr(0, static_cast<std::size_t>(end - rest().begin()));
    if (const auto word = word_at(next); !word.empty()) next = word;
    return '\'' + in_one_line(next.substr(0, 40)) + '\'';
}

void operand_reader::fail_at(std::size_t at, std::string what) {
    if (!wrong_) wrong_ = syntax_error{at, std::move(what)};
}

std::optional<operand> operand_reader::parse_operand(bool right, int depth) {
    const auto begin = at_;
    if (const auto field = field_name_at(rest()); !field.empty() && !right)
        return parse_field(field);
    const auto word = word_at(rest());
    if (!is_transformer(word) || begin + word.size() >= text_.size() ||
        text_[begin + word.size()] != '(' || depth > deepest_condition)
        return std::nullopt;
    if (word == "val" && !right) {
        fail("val() stands only to the right of an operator");
        return std::nullopt;
    }
    at_     += word.size() + 1;
    auto is  = takes_several(word) ? parse_call(word, depth) : parse_transformed(word, depth);
    if (is) is->at = begin;
    return is;
}

std::optional<operand> operand_reader::parse_field(std::string_view name) {
    operand is{.field = std::string(name), .at = at_};
    at_ += name.size();
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

bool operand_reader::close(std::string_view word) {
    skip_blanks();
    if (take(')')) return true;
    fail("expected ')' behind what is in " + std::string(word) + "(, found " + found());
    return false;
}

std::optional<operand> operand_reader::parse_transformed(std::string_view word, int depth) {
    skip_blanks();
    auto inner = parse_operand(false, depth + 1);
    if (!inner) {
        if (!wrong_) fail("expected a field in " + std::string(word) + "(), found " + found());
        return std::nullopt;
    }
    if (word == "val" && (inner->is != operand::kind::field || !inner->transformers.empty())) {
        fail_at(inner->at, "val() takes a field as it is; a transformer needs no val() around it");
        return std::nullopt;
    }
    if (!close(word)) return std::nullopt;
    inner->transformers.insert(inner->transformers.begin(), std::string(word));
    return inner;
}

/// Source: falcosecurity/libs 0.25, userspace/libsinsp/filter/parser.h: FieldTransformerTail.
std::optional<operand> operand_reader::parse_call(std::string_view word, int depth) {
    operand is{.is = operand::kind::call, .field = std::string(word)};
    do {
        auto part = parse_part(depth + 1, false);
        if (!part) {
            if (!wrong_)
                fail(
                    "expected a field, a number, a text in quotes or a list in " +
                    std::string(word) + "(), found " + found()
                );
            return std::nullopt;
        }
        is.parts.push_back(*std::move(part));
        skip_blanks();
    } while (take(','));
    if (!close(word)) return std::nullopt;
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

std::optional<operand> operand_reader::parse_part(int depth, bool listed) {
    skip_blanks();
    const auto begin = at_;
    if (const auto size = number_size(); size > 0) {
        at_ += size;
        return operand{
            .is = operand::kind::text, .field = std::string(text_.substr(begin, size)), .at = begin
        };
    }
    if (peek() == '"' || peek() == '\'') {
        auto text = take_quoted();
        if (!text) return std::nullopt;
        return operand{.is = operand::kind::text, .field = *std::move(text), .at = begin};
    }
    if (peek() == '(' && !listed && depth <= deepest_condition) return parse_list(depth);
    return parse_operand(false, depth);
}

std::optional<operand> operand_reader::parse_list(int depth) {
    operand is{.is = operand::kind::list, .at = at_};
    take('(');
    skip_blanks();
    if (take(')')) return is;
    do {
        auto part = parse_part(depth + 1, true);
        if (!part) {
            if (!wrong_) fail("expected a field, a number or a text in quotes, found " + found());
            return std::nullopt;
        }
        is.parts.push_back(*std::move(part));
        skip_blanks();
    } while (take(','));
    if (take(')')) return is;
    fail("expected ')' behind the list, found " + found());
    return std::nullopt;
}

/// 12, -1.5, 0xff. 0: here is none.
std::size_t operand_reader::number_size() const {
    const auto  text = rest();
    std::size_t size = text.starts_with('+') || text.starts_with('-') ? 1 : 0;
    const auto  sign = size;
    const bool  hex  = text.starts_with("0x") || text.starts_with("0X");
    while (size < text.size() && (is_digit(text[size]) || (size > sign && text[size] == '.') ||
                                  (hex && is_in_word(text[size]))))
        ++size;
    return size == sign ? 0 : size;
}

std::optional<std::string> operand_reader::take_quoted() {
    const auto end = end_of_quoted();
    if (end == std::string_view::npos) {
        fail("a quote that is never closed");
        return std::nullopt;
    }
    auto text = unescaped(at_ + 1, end);
    if (text) at_ = end + 1;
    return text;
}

std::size_t operand_reader::end_of_quoted() const {
    const char quote = peek();
    for (auto i = at_ + 1; i < text_.size(); ++i)
        if (text_[i] == quote && text_[i - 1] != '\\') return i;
    return std::string_view::npos;
}

/// A backslash may be escaped, the very quote, and what has a letter of its own; "\." is refused,
/// and written "\\.". Source: falcosecurity/libs, userspace/libsinsp/filter/escaping.cpp.
std::optional<std::string> operand_reader::unescaped(std::size_t begin, std::size_t end) {
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
            return std::nullopt;
        }
    }
    return text;
}

std::optional<operand> read_operand(std::string_view text, syntax_error& wrong) {
    operand_reader reader(text);
    auto           is = reader.parse_operand(false);
    if (is && reader.at_end()) return is;
    const auto behind = reader.at();
    if (auto told = std::move(reader).wrong()) {
        wrong = *std::move(told);
    } else if (is) {
        wrong = {behind, "something stands behind it"};
    } else {
        const auto word = word_at(text);
        wrong = {0, "there is no transformer '" + std::string(word) + "'" + near_transformer(word)};
    }
    return std::nullopt;
}

}  // namespace falconer::falco::rules

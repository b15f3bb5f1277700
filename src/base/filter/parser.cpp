// From a filter's text to what it means.
#include "falconer/filter.hpp"
#include "falconer/utf8.hpp"
#include "scanner.hpp"
#include "tests_of_fields.hpp"

#include <utility>

namespace falconer::filter {
namespace {

node_ptr made(node what) {
    return std::make_shared<const node>(std::move(what));
}

/// or := and {"OR" and}; and := unary {["AND"] unary}; unary := ("-" | "NOT") unary | "(" or ")" |
/// test. Within `field:( … )` the tests are values of that field.
class parser {
public:
    parser(std::string_view text, utc_time now) : words_(text), now_(now) {}

    node_ptr whole() {
        words_.skip_blanks();
        if (words_.at_end()) return made({all_of{}});
        auto all = alternatives(nullptr);
        if (!words_.at_end())
            complain(words_.at(), words_.at() + 1, "there is no '(' for this ')'");
        return all;
    }

private:
    [[noreturn]] static void complain(std::size_t begin, std::size_t end, std::string what) {
        throw wrong{begin, end, std::move(what)};
    }

    node_ptr alternatives(const field* of) {
        any_of any;
        any.of.push_back(conjunction(of));
        for (;;) {
            words_.skip_blanks();
            if (!words_.take_word("OR")) break;
            any.of.push_back(conjunction(of));
        }
        if (any.of.size() == 1) return any.of.front();
        return made({std::move(any)});
    }

    bool another() {
        words_.skip_blanks();
        if (words_.at_end() || words_.peek() == ')') return false;
        auto ahead = words_;
        return !ahead.take_word("OR");
    }

    node_ptr conjunction(const field* of) {
        all_of all;
        do {
            all.of.push_back(negatable(of));
            words_.skip_blanks();
            if (words_.take_word("AND") && !another()) missing("behind AND");
        } while (another());
        if (all.of.size() == 1) return all.of.front();
        return made({std::move(all)});
    }

    [[noreturn]] void missing(const std::string& where) {
        complain(
            words_.at(), words_.at_end() ? words_.at() : words_.at() + 1,
            "expected a word, a field or '(' " + where
        );
    }

    node_ptr negatable(const field* of) {
        words_.skip_blanks();
        const auto begin = words_.at();
        auto       ahead = words_;
        if (words_.at_end() || words_.peek() == ')' || ahead.take_word("OR") ||
            ahead.take_word("AND"))
            missing("here");
        if (words_.take_word("NOT") || words_.take_minus()) {
            deeper(begin);
            none_of none{negatable(of)};
            --depth_;
            return made({std::move(none)});
        }
        if (words_.peek() == '(') return parenthesis(of);
        return test(of);
    }

    node_ptr parenthesis(const field* of) {
        const auto opened = words_.at();
        deeper(opened);
        words_.take();
        auto inner = alternatives(of);
        words_.skip_blanks();
        if (words_.peek() != ')') complain(opened, opened + 1, "this '(' is never closed");
        words_.take();
        --depth_;
        return inner;
    }

    void deeper(std::size_t at) {
        if (++depth_ > deepest_filter)
            complain(
                at, at + 1,
                "more than " + std::to_string(deepest_filter) + " deep: too many parentheses"
            );
    }

    node_ptr test(const field* of) {
        if (++tests_ > most_tests)
            complain(
                words_.at(), words_.size(),
                "more than " + std::to_string(most_tests) + " words and fields"
            );
        if (of != nullptr) return made(test_of(*of, words_.take_value(), now_));
        scanner::head head;
        if (!words_.take_head(head)) return word();
        const auto where =
            head.quoted ? field{field_kind::output_field, head.name} : field_of(head.name);
        if (where.which == field_kind::output_field && where.name.empty())
            complain(head.begin, head.end, "a field needs a name");
        if (head.how == comparison::is && words_.peek() == '(') return parenthesis(&where);
        auto value = words_.take_value();
        if (value.begin == value.end)
            complain(
                value.begin, value.begin,
                "expected a value right behind '" + head.name + "' and its sign"
            );
        if (head.how == comparison::is && !value.literal && value.text.starts_with("//"))
            complain(
                head.begin, value.end,
                "'" + head.name + ":' looks like a field; put the address in quotes"
            );
        if (head.how == comparison::is) return made(test_of(where, value, now_));
        return made(order_of(where, head, value, now_));
    }

    node_ptr word() {
        const auto value = words_.take_value();
        if (value.text.empty())
            complain(value.begin, value.end, "there is nothing between the quotes");
        if (value.starred) return made({all_of{}});
        return made({word_test{value.anywhere()}});
    }

    scanner     words_;
    utc_time    now_;
    int         depth_ = 0;
    std::size_t tests_ = 0;
};

/// So that a column stands before a character, not in it.
std::size_t column_of(std::string_view text, std::size_t byte) {
    auto at = std::min(byte, text.size());
    while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
        --at;
    return code_points(text.substr(0, at)) + 1;
}

}  // namespace

std::variant<node_ptr, mistake> parse(std::string_view text, utc_time now) {
    if (text.size() > longest_filter)
        return mistake{1, 0, "longer than " + std::to_string(longest_filter) + " bytes"};
    if (!is_utf8(text)) return mistake{1, 0, "not UTF-8"};
    if (const auto nul = text.find('\0'); nul != text.npos)
        return mistake{
            column_of(text, nul), 1, "the character U+0000 is in no event: it is shown as U+FFFD"
        };
    try {
        return parser(text, now).whole();
    } catch (const wrong& why) {
        const auto begin = column_of(text, why.begin);
        const auto end   = std::max(column_of(text, why.end), begin);
        return mistake{begin, end - begin, why.what};
    }
}

}  // namespace falconer::filter

#include "scanner.hpp"

#include <algorithm>

namespace falconer::filter {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_of_a_name(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '[' || c == ']';
}

void add_literal(written& into, char c) {
    into.text += c;
    if (c == '%' || c == '_' || c == '\\') into.pattern += '\\';
    into.pattern += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

}  // namespace

text_pattern written::equal() const {
    if (glob) return {text_pattern::kind::like, pattern};
    return {text_pattern::kind::equal, lowered(text)};
}

text_pattern written::anywhere() const {
    if (glob) return {text_pattern::kind::like, '%' + pattern + '%'};
    return {text_pattern::kind::contains, lowered(text)};
}

void scanner::skip_blanks() {
    while (!at_end() && is_blank(text_[at_])) ++at_;
}

bool scanner::is_break(std::size_t at) const {
    return at >= text_.size() || is_blank(text_[at]) || text_[at] == '(' || text_[at] == ')';
}

bool scanner::take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word) || !is_break(at_ + word.size())) return false;
    at_ += word.size();
    return true;
}

bool scanner::take_minus() {
    const bool before_something = peek() == '-' && at_ + 1 < text_.size() &&
                                  !is_blank(text_[at_ + 1]) && text_[at_ + 1] != ')';
    if (before_something) ++at_;
    return before_something;
}

/// Of `proc.aname[2]`; where it began if there is none.
std::size_t scanner::end_of_name() const {
    auto end = at_;
    if (at_end() || !is_letter(text_[end])) return at_;
    while (end < text_.size() && is_of_a_name(text_[end])) ++end;
    while (end > at_ && (text_[end - 1] == '-' || text_[end - 1] == '.')) return at_;
    return end;
}

bool scanner::take_operator(std::size_t at, comparison& how) {
    const auto rest = text_.substr(std::min(at, text_.size()));
    using enum comparison;
    constexpr std::pair<std::string_view, comparison> all[] = {
        {":", is}, {">=", at_least}, {"<=", at_most}, {">", more}, {"<", less}
    };
    for (const auto& [sign, meaning] : all) {
        if (!rest.starts_with(sign)) continue;
        how = meaning;
        at_ = at + sign.size();
        return true;
    }
    return false;
}

bool scanner::take_head(head& into) {
    into.begin = at_;
    if (peek() != '"') {
        const auto end = end_of_name();
        into.name      = text_.substr(at_, end - at_);
        into.end       = end;
        return !into.name.empty() && take_operator(end, into.how);
    }
    const auto before = at_;
    written    name;
    take_quoted(name);
    into.name   = std::move(name.text);
    into.quoted = true;
    into.end    = at_;
    if (take_operator(at_, into.how)) return true;
    at_ = before;
    return false;
}

/// The opening quote is next.
void scanner::take_quoted(written& into) {
    const auto opened = at_++;
    into.literal      = true;
    for (;; ++at_) {
        if (at_end())
            throw wrong{
                opened, opened + 1, "this quote is never closed: put another '\"' behind the text"
            };
        if (text_[at_] == '"') break;
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        add_literal(into, text_[at_]);
    }
    ++at_;
}

written scanner::take_value() {
    written it;
    it.begin = at_;
    while (!is_break(at_)) {
        const char c = text_[at_];
        if (c == '"') {
            take_quoted(it);
            continue;
        }
        ++at_;
        if (c == '\\' && !at_end()) {
            it.literal = true;
            add_literal(it, text_[at_++]);
        } else if (c == '*' || c == '?') {
            it.glob  = true;
            it.text += c;
            if (c == '?')
                it.pattern += '_';
            else if (!it.pattern.ends_with('%') || it.pattern.ends_with("\\%"))
                it.pattern += '%';
        } else {
            add_literal(it, c);
        }
    }
    it.starred = it.glob && !it.literal && it.text.find_first_not_of('*') == it.text.npos;
    it.end     = at_;
    return it;
}

}  // namespace falconer::filter

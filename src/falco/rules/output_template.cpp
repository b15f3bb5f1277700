#include "output_template.hpp"

#include "falconer/spelling.hpp"
#include "field_check.hpp"

namespace falconer::falco::rules {
namespace {

/// Falco replaces it with what it knows of the container.
constexpr std::string_view container_info = "container.info";

class output_reader {
public:
    output_reader(
        const rule_definition& rule, std::string_view text, const falco_release& release,
        problem_list& problems
    )
        : rule_(rule), text_(text), release_(release), problems_(problems) {}

    void run() {
        while (at_ < text_.size() && !problems_.full()) {
            const auto percent = text_.find('%', at_);
            if (percent == std::string_view::npos) return;
            at_ = percent + 1;
            while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
            if (text_.substr(at_).starts_with(container_info)) {
                at_ += container_info.size();
                if (release_.is_at_least("0.41.0")) tell_of_container_info(percent);
                continue;
            }
            if (!read_field(percent, 0)) return;
        }
    }

private:
    void error(std::size_t at, std::string what) {
        problems_.error(rule_.output.find(at), std::move(what));
    }
    void tell_of_container_info(std::size_t at) {
        problems_.warning(
            rule_.output.find(at), "'%container.info' is deprecated and says nothing in Falco " +
                                       release_.version + "; what it said is in the event's fields"
        );
    }
    std::string_view rest() const { return text_.substr(at_); }

    /// A transformer, or a field. False: what follows cannot be read either.
    bool read_field(std::size_t begin, int depth) {
        const auto field = field_name_at(rest());
        if (field.empty()) {
            const auto* end = rest().begin();
            while (end != rest().end() &&
                   ((*end >= 'a' && *end <= 'z') || *end == '_' || (*end >= '0' && *end <= '9')))
                ++end;
            const auto word = rest().substr(0, static_cast<std::size_t>(end - rest().begin()));
            if (!word.empty() && rest().substr(word.size()).starts_with('('))
                return read_transformed(begin, word, depth);
            error(
                begin, word.empty() ? "a '%' without a field behind it"
                                    : "there is no field '" + in_one_line(word) + "' behind '%'"
            );
            return true;
        }
        const auto size  = check_output_field(rule_, field, rest(), release_, begin, problems_);
        at_             += size == 0 ? field.size() : size;
        return true;
    }

    bool read_transformed(std::size_t begin, std::string_view word, int depth) {
        if (!is_transformer(word) || word == "val" || depth > 20) {
            error(begin, "there is no transformer '" + in_one_line(word) + "' for outputs");
            return true;
        }
        if (takes_several(word) && !release_.is_at_least("0.44.0")) {
            error(
                begin, "Falco " + release_.version + " does not know '" + std::string(word) + "'"
            );
            return true;
        }
        at_ += word.size() + 1;
        do {
            skip_blanks();
            if (takes_several(word) ? !read_part(depth + 1) : !read_field(at_, depth + 1))
                return false;
            skip_blanks();
        } while (takes_several(word) && take(','));
        if (!take(')')) {
            error(at_, "expected ')' behind what is in '" + std::string(word) + "('");
            return true;
        }
        if (word != "getopt") return true;
        syntax_error wrong;
        if (const auto argument = argument_at(rest(), wrong))
            at_ += argument->size;
        else
            error(at_, wrong.what);
        return true;
    }

    /// Of join(), concat(), getopt(): a text in quotes, a number, a list, or what all take.
    bool read_part(int depth) {
        const auto begin = at_;
        if (const char quote = rest().empty() ? '\0' : rest().front();
            quote == '"' || quote == '\'') {
            const auto end = text_.find(quote, at_ + 1);
            if (end != std::string_view::npos) at_ = end + 1;
            if (end == std::string_view::npos) error(begin, "a quote that is never closed");
            return end != std::string_view::npos;
        }
        while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
        if (at_ > begin) return true;
        if (depth > 20 || !take('(')) return read_field(begin, depth);
        do {
            skip_blanks();
            if (!read_part(depth + 1)) return false;
            skip_blanks();
        } while (take(','));
        if (take(')')) return true;
        error(at_, "expected ')' behind the list");
        return false;
    }

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }
    bool take(char c) {
        if (!rest().starts_with(c)) return false;
        ++at_;
        return true;
    }

    const rule_definition& rule_;
    std::string_view       text_;
    const falco_release&   release_;
    problem_list&          problems_;
    std::size_t            at_ = 0;
};

}  // namespace

void check_output(
    const rule_definition& rule, const falco_release& release, problem_list& problems
) {
    if (!field_table::known().has_source(rule.source)) return;
    const auto text = rule.output.text();
    output_reader(rule, text, release, problems).run();
}

}  // namespace falconer::falco::rules

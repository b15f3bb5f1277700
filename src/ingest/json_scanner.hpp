// JSON, strictly as RFC 8259 has it, token by token: no tree, no recursion, no copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::ingest {

/// Why not RapidJSON's reader: it ends at a lone surrogate and recurses (or allocates) per level,
/// but whether a body is refused or kept aside depends on what comes behind. The tests hold the two
/// against one another.
///
/// Memory: one bit per open bracket beyond the 64th.
class json_scanner {
public:
    enum class token : std::uint8_t {
        begin_object,
        end_object,
        begin_array,
        end_array,
        key,
        string,
        number,
        true_,
        false_,
        null,
        end,     // one whole value, and nothing behind it
        broken,  // not JSON; broken from here on
    };

    /// `text` must be UTF-8 and outlive the scanner.
    explicit json_scanner(std::string_view text) noexcept
        : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

    token next();

    // About the last token.
    std::size_t position() const noexcept {
        return static_cast<std::size_t>(token_ - begin_);
    }  // first byte
    std::size_t position_behind() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
    /// The token's bytes; of keys and strings what lies between the quotes.
    std::string_view raw() const noexcept { return raw_; }
    bool             has_escape() const noexcept { return escape_; }  // raw() needs unescape()
    bool             has_nul() const noexcept { return nul_; }        // \u0000
    bool             has_lone_surrogate() const noexcept { return surrogate_; }
    bool             has_exponent() const noexcept { return exponent_; }  // of a number
    /// Brackets that are open, with one just opened and without one just closed.
    std::size_t depth() const noexcept { return depth_; }
    /// What is wrong, after `broken`: one sentence with the place.
    std::string problem() const;

private:
    enum class expect : std::uint8_t { value, first_value, first_key, comma, nothing };

    token value();
    token key();
    token literal(std::string_view word, token what);
    token number();
    bool  string();
    bool  escape();
    token open(bool object);
    token close();
    token fail(const char* wanted) noexcept;
    void  skip_space() noexcept;

    bool in_object() const noexcept;

    const char*      begin_;
    const char*      at_;
    const char*      end_;
    const char*      token_ = begin_;
    std::string_view raw_{};

    std::size_t   depth_ = 0;
    std::uint64_t kinds_ = 0;  // a bit per open bracket, the innermost lowest; 1 = object
    std::vector<std::uint64_t> outer_kinds_{};

    const char* wanted_    = nullptr;
    expect      expect_    = expect::value;
    bool        escape_    = false;
    bool        nul_       = false;
    bool        surrogate_ = false;
    bool        exponent_  = false;
};

/// The text that `raw`, from a json_scanner, stands for. U+0000 and lone surrogates become U+FFFD.
void unescape(std::string_view raw, std::string& out);

/// The same JSON with U+FFFD in the place of U+0000 and lone surrogates; as long as it was.
std::string with_replacements(std::string_view json);

}  // namespace falconer::ingest

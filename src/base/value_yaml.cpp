// YAML to values and back.
#include "falconer/spelling.hpp"
#include "falconer/utf8.hpp"
#include "falconer/value.hpp"

#include <yaml-cpp/emitter.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>

namespace falconer {
namespace {

constexpr std::size_t most_documents = 1'000;

// --- what a plain scalar means ------------------------------------------------------------------

/// Source: YAML 1.1 as go-yaml v2 reads it, which is what kubectl does.
std::optional<value> well_known(std::string_view text) {
    static const std::map<std::string_view, value> words = [] {
        std::map<std::string_view, value> all;
        for (const char* word : {"", "~", "null", "Null", "NULL"}) all.emplace(word, value{});
        for (const char* word :
             {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
            all.emplace(word, true);
        for (const char* word :
             {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
            all.emplace(word, false);
        return all;
    }();
    const auto found = words.find(text);
    return found == words.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> integer_in(std::string text) {
    std::erase(text, '_');
    const bool minus = text.starts_with('-');
    if (minus || text.starts_with('+')) text.erase(0, 1);
    int base = 10;
    if (text.starts_with("0x"))
        base = 16, text.erase(0, 2);
    else if (text.starts_with("0b"))
        base = 2, text.erase(0, 2);
    else if (text.starts_with("0o"))
        base = 8, text.erase(0, 2);
    else if (text.size() > 1 && text[0] == '0')
        base = 8, text.erase(0, 1);
    std::uint64_t is         = 0;
    const auto    end        = text.data() + text.size();
    const auto [rest, wrong] = std::from_chars(text.data(), end, is, base);
    if (wrong != std::errc{} || rest != end) return std::nullopt;
    return (minus && is != 0 ? "-" : "") + std::to_string(is);
}

/// Digits with a point or an exponent, as JSON can write them too.
std::optional<std::string> real_in(std::string_view text) {
    std::string out;
    std::size_t at     = 0;
    const auto  digits = [&] {
        const auto begin = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') out += text[at++];
        return at - begin;
    };
    if (text.starts_with('-')) out += '-';
    if (text.starts_with('-') || text.starts_with('+')) ++at;
    if (at < text.size() && text[at] == '.') out += '0';
    auto count = digits();
    if (at < text.size() && text[at] == '.') {
        out               += text[at++];
        const auto behind  = digits();
        if (behind == 0) out += '0';
        count += behind;
    }
    if (count == 0) return std::nullopt;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        out += text[at++];
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) out += text[at++];
        if (digits() == 0) return std::nullopt;
    }
    if (at != text.size()) return std::nullopt;
    const auto whole = out.find_first_not_of('-');
    if (out[whole] == '0' && whole + 1 < out.size() && out[whole + 1] >= '0' &&
        out[whole + 1] <= '9')
        return std::nullopt;  // 00.5, and 09, which is no octal either
    return out;
}

value plain(const std::string& text) {
    if (auto word = well_known(text)) return *std::move(word);
    if (text.find_first_not_of("0123456789+-._xobeEabcdfABCDF") != std::string::npos) return text;
    if (auto integer = integer_in(text)) return value::number(*std::move(integer));
    if (auto real = real_in(text)) return value::number(*std::move(real));
    return text;
}

// --- reading ------------------------------------------------------------------------------------

/// Told by the parser to whoever called it.
struct refusal {
    int         line = 0;
    std::string why{};
};

/// yaml-cpp makes endless documents of a lone comma.
class few_documents : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark& mark) final {
        if (++started_ > most_documents)
            throw refusal{
                mark.line + 1, "more than " + std::to_string(most_documents) + " documents"
            };
    }
    void OnDocumentEnd() final {}

private:
    std::size_t started_ = 0;
};

class builder final : public few_documents {
public:
    std::vector<value> documents{};

    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { put({}, mark); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "an alias; write the value out");
    }
    void OnScalar(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& text
    ) override {
        if (text.find('\0') != std::string::npos) refuse(mark, "a NUL character");
        if (tag == "?")
            put(plain(text), mark, &text);
        else if (tag == "!" || tag == "tag:yaml.org,2002:str")
            put(text, mark, &text);
        else if (tag == "tag:yaml.org,2002:binary")
            refuse(mark, "the tag !!binary; write the text out");
        else
            put(plain(text), mark, &text);
    }
    void OnSequenceStart(
        const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value
    ) override {
        open(value::list(), mark);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(
        const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value
    ) override {
        open(value::map(), mark);
    }
    void OnMapEnd() override { close(); }

private:
    struct level {
        value                      is{};
        YAML::Mark                 mark{};
        std::optional<std::string> key{};
        int                        key_line = 0;
    };

    [[noreturn]] static void refuse(const YAML::Mark& mark, std::string why) {
        throw refusal{mark.line + 1, std::move(why)};
    }
    bool expects_key() const {
        return !open_.empty() && open_.back().is.is_map() && !open_.back().key;
    }
    void open(value empty, const YAML::Mark& mark) {
        if (expects_key()) refuse(mark, "a key that is no text");
        if (open_.size() >= deepest_value) refuse(mark, "nested too deeply");
        open_.push_back({std::move(empty), mark, std::nullopt, 0});
    }
    void close() {
        auto done = std::move(open_.back());
        open_.pop_back();
        put(std::move(done.is), done.mark);
    }
    /// Keys are texts, whatever they would mean as values: `on:`, `1:`.
    void put(value is, const YAML::Mark& mark, const std::string* as_key = nullptr) {
        const int line = mark.line + 1;
        is.came_from(line);
        if (expects_key()) {
            if (as_key == nullptr) refuse(mark, "a key that is no text");
            open_.back().key      = *as_key;
            open_.back().key_line = line;
        } else if (open_.empty()) {
            if (!is.is_null()) documents.push_back(std::move(is));
        } else if (auto& in = open_.back(); in.is.is_list()) {
            in.is.push_back(std::move(is));
        } else {
            in.is.add(*std::move(in.key), std::move(is), in.key_line);
            in.key.reset();
        }
    }

    std::vector<level> open_{};
};

/// Looks at nothing but how deep it goes.
class onlooker final : public few_documents {
public:
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&)
        override {}
    void OnSequenceStart(
        const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value
    ) override {
        enter(mark);
    }
    void OnSequenceEnd() override { --depth_; }
    void OnMapStart(
        const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value
    ) override {
        enter(mark);
    }
    void OnMapEnd() override { --depth_; }

private:
    void enter(const YAML::Mark& mark) {
        if (++depth_ > deepest_value) throw refusal{mark.line + 1, "nested too deeply"};
    }
    int depth_ = 0;
};

// --- writing ------------------------------------------------------------------------------------

/// A timestamp to readers of YAML 1.1, of whom there are many; "2026-" is enough to be careful.
bool is_like_a_date(const std::string& text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return text.size() > 5 && std::all_of(text.begin(), text.begin() + 4, is_digit) &&
           text[4] == '-';
}

/// Would be read as something else if it stood there bare.
bool is_ambiguous(const std::string& text) {
    return !plain(text).is_text() || text == "<<" || text == "=" || is_like_a_date(text);
}

bool fits_literal(const std::string& text) {
    if (text.size() < 2 || !text.ends_with('\n') || text.ends_with("\n\n")) return false;
    if (text.front() == ' ' || text.front() == '\n' || text.front() == '\t') return false;
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F || byte >= 0x80;
    });
}

/// Would it stand bare in any place? The emitter asks a regular expression for every character,
/// which takes longer than all the rest. It has another form for keys of more than 1,024.
bool is_plainly_bare(std::string_view text) {
    const auto is_alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !text.empty() && text.size() <= 1024 && is_alphanumeric(text.front()) &&
           text.back() != ' ' && std::ranges::all_of(text, [&](char c) {
               return is_alphanumeric(c) || c == ' ' || c == '_' || c == '.' || c == '/' ||
                      c == '-';
           });
}

bool wrote_bare(YAML::Emitter& out, const std::string& text) {
    if (!is_plainly_bare(text) || is_ambiguous(text)) return false;
    out.WriteIntegralType(std::string_view(text));  // as it is
    return true;
}

void write_key(YAML::Emitter& out, const std::string& key) {
    if (wrote_bare(out, key)) return;
    // A literal block cannot be a key.
    if (is_ambiguous(key) || key.find('\n') != std::string::npos) out << YAML::DoubleQuoted;
    out << key;
}

void write_text(YAML::Emitter& out, const std::string& text) {
    if (wrote_bare(out, text)) return;
    if (fits_literal(text)) {  // the emitter ends the last line itself
        out << YAML::Literal << text.substr(0, text.size() - 1);
        return;
    }
    if (is_ambiguous(text) || text.find_first_of("\n\r\t\\\"'") != std::string::npos)
        out << YAML::DoubleQuoted;
    out << text;
}

void write(YAML::Emitter& out, const value& is) {
    switch (is.what()) {
        case value::kind::null: out << YAML::Null; break;
        case value::kind::boolean: out << *is.boolean(); break;
        case value::kind::number: out << *is.numeral_text(); break;
        case value::kind::text: write_text(out, *is.text()); break;
        case value::kind::list:
            if (is.items().empty()) out << YAML::Flow;
            out << YAML::BeginSeq;
            for (const auto& each : is.items()) write(out, each);
            out << YAML::EndSeq;
            break;
        case value::kind::map:
            if (is.entries().empty()) out << YAML::Flow;
            out << YAML::BeginMap;
            for (const auto& each : is.entries()) {
                out << YAML::Key;
                write_key(out, each.key);
                out << YAML::Value;
                write(out, each.is);
            }
            out << YAML::EndMap;
            break;
    }
}

failure at_line(int line, const std::string& why) {
    return {errc::malformed, "line " + std::to_string(line) + ": " + why};
}

result<void> read_all(std::string_view text, YAML::EventHandler& into) {
    // yaml-cpp would read UTF-16, too, and pass on everything else: nobody behind us does.
    if (const auto line = line_not_utf8(text)) return at_line(line, "not UTF-8");
    try {
        std::istringstream in{std::string(text)};
        YAML::Parser       parser(in);
        while (parser.HandleNextDocument(into)) {
        }
    } catch (const refusal& no) {
        return at_line(no.line, no.why);
    } catch (const YAML::Exception& wrong) {
        return at_line(
            wrong.mark.is_null() ? 1 : wrong.mark.line + 1, "not YAML: " + in_one_line(wrong.msg)
        );
    }
    return {};
}

}  // namespace

result<std::vector<value>> parse_yaml_stream(std::string_view text) {
    builder made;
    if (auto read = read_all(text, made); !read) return std::move(read).error();
    return std::move(made.documents);
}

result<void> check_yaml(std::string_view text) {
    onlooker looks;
    return read_all(text, looks);
}

result<value> parse_yaml(std::string_view text) {
    auto all = parse_yaml_stream(text);
    if (!all) return std::move(all).error();
    if (all->empty()) return failure{errc::malformed, "there is nothing in it"};
    if (all->size() > 1)
        return at_line((*all)[1].line(), "a second document; only one is expected");
    return std::move(all->front());
}

std::string yaml_text(const value& is) {
    YAML::Emitter out;
    out.SetIndent(2);
    write(out, is);
    return std::string(out.c_str(), out.size()) + '\n';
}

}  // namespace falconer

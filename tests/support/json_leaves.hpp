// A reader of JSON that shares nothing with ours: RapidJSON's, flattened to paths and values.
#pragma once

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::testing {

/// Path → value: {"a":{"b":[1,"x"]}} is /a={} /a/b=[] /a/b/0=1 /a/b/1="x. Texts begin with a quote,
/// numbers are as written. Of a key that comes twice the last one counts.
using json_leaves = std::map<std::string, std::string>;

class leaf_reader : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, leaf_reader> {
public:
    bool Null() { return put("null"); }
    bool Bool(bool b) { return put(b ? "true" : "false"); }
    bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
        return put(std::string(text, size));
    }
    bool String(const char* text, rapidjson::SizeType size, bool) {
        return put('"' + std::string(text, size));
    }
    bool Key(const char* text, rapidjson::SizeType size, bool) {
        name_.assign(text, size);
        return true;
    }
    bool StartObject() { return begin("{}"); }
    bool StartArray() { return begin("[]"); }
    bool EndObject(rapidjson::SizeType) { return end(); }
    bool EndArray(rapidjson::SizeType) { return end(); }

    json_leaves take() { return std::move(leaves_); }

private:
    struct level {
        std::string path{};
        bool        array = false;
        std::size_t next  = 0;
    };

    std::string path_of_next() {
        if (levels_.empty()) return {};
        auto& top = levels_.back();
        return top.path + '/' + (top.array ? std::to_string(top.next++) : name_);
    }
    bool put(std::string value, std::string* where = nullptr) {
        const auto path = path_of_next();
        for (auto at = leaves_.lower_bound(path + '/');
             at != leaves_.end() && at->first.starts_with(path + '/');)
            at = leaves_.erase(at);
        leaves_[path] = std::move(value);
        if (where != nullptr) *where = path;
        return true;
    }
    bool begin(const char* kind) {
        level below{.array = kind[0] == '['};
        put(kind, &below.path);
        levels_.push_back(std::move(below));
        return true;
    }
    bool end() {
        levels_.pop_back();
        return true;
    }

    json_leaves        leaves_;
    std::vector<level> levels_;
    std::string        name_;
};

/// The text with U+FFFD where its escapes write U+0000 or half a surrogate pair.
inline std::string with_shown_characters(std::string_view json) {
    std::string out;
    const auto  unit_at = [&](std::size_t at) {
        if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return -1L;
        const std::string digits(json.substr(at + 2, 4));
        if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return -1L;
        return std::strtol(digits.c_str(), nullptr, 16);
    };
    for (std::size_t at = 0; at < json.size();) {
        const long unit  = unit_at(at);
        const long next  = unit >= 0xD800 && unit < 0xDC00 ? unit_at(at + 6) : -1;
        const bool pair  = next >= 0xDC00 && next < 0xE000;
        const bool shown = unit == 0 || (unit >= 0xD800 && unit < 0xE000 && !pair);
        const auto size  = unit < 0 ? (json[at] == '\\' ? 2u : 1u) : (pair ? 12u : 6u);
        if (shown)
            out += "\\uFFFD";
        else
            out += json.substr(at, size);
        at += size;
    }
    return out;
}

/// Nothing: RapidJSON does not take it for JSON. It takes NUL for the end, so there must be none.
inline std::optional<json_leaves> leaves_of(std::string_view text) {
    constexpr unsigned flags = rapidjson::kParseIterativeFlag |
                               rapidjson::kParseValidateEncodingFlag |
                               rapidjson::kParseNumbersAsStringsFlag;
    rapidjson::MemoryStream in(text.data(), text.size());
    rapidjson::Reader       reader;
    leaf_reader             leaves;
    if (!reader.Parse<flags>(in, leaves)) return std::nullopt;
    return leaves.take();
}

/// Whether RapidJSON takes it for JSON; no copy is made.
inline bool is_json_to_rapidjson(std::string_view text) {
    constexpr unsigned flags = rapidjson::kParseIterativeFlag |
                               rapidjson::kParseValidateEncodingFlag |
                               rapidjson::kParseNumbersAsStringsFlag;
    rapidjson::MemoryStream        in(text.data(), text.size());
    rapidjson::Reader              reader;
    rapidjson::BaseReaderHandler<> nobody;
    return static_cast<bool>(reader.Parse<flags>(in, nobody));
}

}  // namespace falconer::testing

// A reader of JSON that shares nothing with ours: RapidJSON's, flattened to paths and values.
#pragma once

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cstddef>
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

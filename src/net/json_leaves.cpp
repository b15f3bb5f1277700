#include "json_leaves.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <set>
#include <vector>

namespace falconer::net {
namespace {

constexpr std::size_t deepest = 8;
constexpr std::size_t most    = 10'000;

/// RapidJSON turns the escape \udc00 into bytes that are no UTF-8.
bool has_surrogate(std::string_view text) {
    for (auto at = text.find('\xED'); at != std::string_view::npos; at = text.find('\xED', at + 1))
        if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0) return true;
    return false;
}

/// A key as a part of a path: what has a meaning there gets a backslash.
std::string escaped(std::string_view key) {
    std::string out;
    for (const char c : key) {
        if (c == '.' || c == '[' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

/// Every event returns whether to go on.
class collector {
public:
    using Ch = char;

    bool Null() { return keep(json_leaf::kind::other, "null"); }
    bool Bool(bool b) { return keep(json_leaf::kind::other, b ? "true" : "false"); }
    bool RawNumber(const Ch* text, rapidjson::SizeType size, bool) {
        return keep(json_leaf::kind::number, {text, size});
    }
    bool String(const Ch* text, rapidjson::SizeType size, bool) {
        return !has_surrogate({text, size}) && keep(json_leaf::kind::text, {text, size});
    }
    bool Key(const Ch* text, rapidjson::SizeType size, bool) {
        auto& top = open_.back();
        top.key   = escaped({text, size});
        return ++values_ <= most && !has_surrogate(top.key) && top.seen.insert(top.key).second;
    }
    bool StartObject() { return enter(false); }
    bool StartArray() { return enter(true); }
    bool EndObject(rapidjson::SizeType) { return leave(); }
    bool EndArray(rapidjson::SizeType) { return leave(); }

    // Numbers come as RawNumber; these are never called, but the reader wants them.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

    json_leaves all;

private:
    struct level {
        std::string           path{};  // of what this is the inside of
        bool                  array = false;
        std::size_t           next  = 0;  // of an array
        std::string           key{};      // of an object
        std::set<std::string> seen{};
    };

    std::string here() {
        auto& top = open_.back();
        if (top.array) return top.path + '[' + std::to_string(top.next++) + ']';
        return top.path.empty() ? top.key : top.path + '.' + top.key;
    }
    bool keep(json_leaf::kind what, std::string_view value) {
        if (open_.empty() || ++values_ > most) return false;
        all.emplace(here(), json_leaf{what, std::string(value)});
        return true;
    }
    bool enter(bool array) {
        if (open_.empty() && array) return false;
        if (open_.size() >= deepest || ++values_ > most) return false;
        auto path = open_.empty() ? std::string{} : here();
        if (!open_.empty()) all.emplace(path, json_leaf{json_leaf::kind::other, array ? "[" : "{"});
        open_.push_back({.path = std::move(path), .array = array});
        return true;
    }
    bool leave() {
        open_.pop_back();
        return true;
    }

    std::vector<level> open_;
    std::size_t        values_ = 0;
};

}  // namespace

std::optional<json_leaves> read_json_leaves(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    // Not a StringStream: where a character is cut short, that is read beyond its end.
    rapidjson::MemoryStream in(text.data(), text.size());
    rapidjson::Reader       reader;
    collector               found;
    // Iterative: how deep it nests is not for the sender's choice of our stack.
    constexpr unsigned how = rapidjson::kParseIterativeFlag |
                             rapidjson::kParseValidateEncodingFlag |
                             rapidjson::kParseNumbersAsStringsFlag;
    if (!reader.Parse<how>(in, found)) return std::nullopt;
    return std::move(found.all);
}

std::optional<std::string_view> text_at(const json_leaves& all, std::string_view path) {
    const auto found = all.find(path);
    if (found == all.end() || found->second.what != json_leaf::kind::text) return std::nullopt;
    return found->second.value;
}

}  // namespace falconer::net

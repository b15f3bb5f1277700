// JSON to values and back.
#include "falconer/json_path.hpp"
#include "falconer/utf8.hpp"
#include "falconer/value.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <iterator>

namespace falconer {
namespace {

namespace rj = rapidjson;

/// Builds the tree from the parser's events, without recursion. Members wait in one row until what
/// holds them ends, so that each list and mapping is as large as it has to be, and made once.
class builder : public rj::BaseReaderHandler<rj::UTF8<>, builder> {
public:
    explicit builder(json_path without) : without_(without) {}

    bool Null() { return skips() || put({}); }
    bool Bool(bool is) { return skips() || put(is); }
    bool RawNumber(const char* text, rj::SizeType size, bool) {
        return skips() || put(value::number({text, size}));
    }
    bool String(const char* text, rj::SizeType size, bool) {
        return skips() || put(std::string(text, size));
    }
    bool Key(const char* text, rj::SizeType size, bool) {
        if (skipping_) return true;
        key_.assign(text, size);
        skipping_ = is_left_out();
        return true;
    }
    bool StartObject() { return open(true); }
    bool EndObject(rj::SizeType) {
        if (skips_end()) return true;
        const auto      begin = parts_.begin() + static_cast<std::ptrdiff_t>(open_.back().first);
        value::map_type all(std::make_move_iterator(begin), std::make_move_iterator(parts_.end()));
        return close(std::move(all));
    }
    bool StartArray() { return open(false); }
    bool EndArray(rj::SizeType) {
        if (skips_end()) return true;
        const auto       first = open_.back().first;
        value::list_type all;
        all.reserve(parts_.size() - first);
        for (auto i = first; i < parts_.size(); ++i) all.push_back(std::move(parts_[i].is));
        return close(std::move(all));
    }

    bool  too_deep() const { return too_deep_; }
    value take() { return std::move(whole_); }

private:
    struct frame {
        bool        is_map = false;
        std::string key{};      // whose value it will be
        std::size_t first = 0;  // of its members
    };

    bool is_left_out() const {
        if (without_.empty() || open_.size() != without_.size() || key_ != without_.back())
            return false;
        for (std::size_t i = 1; i < open_.size(); ++i)
            if (open_[i - 1].is_map == (without_[i - 1] == "*") ||
                (open_[i - 1].is_map && open_[i].key != without_[i - 1]))
                return false;
        return true;
    }
    /// A value that belongs to what is left out, or is all of it.
    bool skips() {
        if (!skipping_) return false;
        skipping_ = skipped_ > 0;
        return true;
    }
    bool skips_end() {
        if (!skipping_) return false;
        skipping_ = --skipped_ > 0;
        return true;
    }
    bool open(bool is_map) {
        const auto depth = open_.size() + skipped_;
        if (depth >= deepest_kept && !without_.empty()) skipping_ = true;
        too_deep_ = depth >= (skipping_ ? deepest_skipped : deepest_kept);
        if (skipping_)
            ++skipped_;
        else
            open_.push_back({is_map, std::move(key_), parts_.size()});
        return !too_deep_;
    }
    bool close(value done) {
        parts_.resize(open_.back().first);
        key_ = std::move(open_.back().key);
        open_.pop_back();
        return put(std::move(done));
    }
    bool put(value is) {
        if (open_.empty())
            whole_ = std::move(is);
        else
            parts_.push_back({std::move(key_), std::move(is), 0});
        return true;
    }

    static constexpr std::size_t deepest_kept = deepest_value;
    /// Source: Go, encoding/json, maxNestingDepth: no Kubernetes API keeps what is deeper.
    static constexpr std::size_t deepest_skipped = 10'000;

    json_path                 without_;
    value                     whole_{};
    std::vector<frame>        open_{};
    std::vector<value::entry> parts_{};
    std::string               key_{};
    std::size_t               skipped_  = 0;  // lists and mappings that are open within it
    bool                      skipping_ = false;
    bool                      too_deep_ = false;
};

template <unsigned How>
rj::ParseResult parse_as(std::string_view text, builder& into) {
    constexpr unsigned how = rj::kParseIterativeFlag | rj::kParseNumbersAsStringsFlag | How;
    rj::MemoryStream   bytes(text.data(), text.size());
    rj::EncodedInputStream<rj::UTF8<>, rj::MemoryStream> in(bytes);
    rj::Reader                                           reader;
    return reader.Parse<how>(in, into);
}

void write(rj::Writer<rj::StringBuffer>& out, const value& is) {
    const auto size = [](const std::string& text) {
        return static_cast<rj::SizeType>(text.size());
    };
    switch (is.what()) {
        case value::kind::null: out.Null(); break;
        case value::kind::boolean: out.Bool(*is.boolean()); break;
        case value::kind::number: {
            const auto& text = *is.numeral_text();
            out.RawValue(text.data(), text.size(), rj::kNumberType);
            break;
        }
        case value::kind::text: out.String(is.text()->data(), size(*is.text())); break;
        case value::kind::list:
            out.StartArray();
            for (const auto& each : is.items()) write(out, each);
            out.EndArray();
            break;
        case value::kind::map:
            out.StartObject();
            for (const auto& each : is.entries()) {
                out.Key(each.key.data(), size(each.key));
                write(out, each.is);
            }
            out.EndObject();
            break;
    }
}

}  // namespace

result<value> parse_json(std::string_view text) {
    return parse_json(text, {});
}

result<value> parse_json(std::string_view text, json_path without) {
    builder made(without);
    // The parser looks at one byte after the other to find what is no UTF-8, and says where it is.
    const auto done = is_utf8(text) ? parse_as<rj::kParseNoFlags>(text, made)
                                    : parse_as<rj::kParseValidateEncodingFlag>(text, made);
    if (!done.IsError()) return made.take();
    if (made.too_deep())
        return failure{
            errc::malformed, "nested too deeply at byte " + std::to_string(done.Offset() + 1) +
                                 ": more than " + std::to_string(deepest_value) + " levels"
        };
    return failure{
        errc::malformed, "not JSON at offset " + std::to_string(done.Offset()) + ": " +
                             rj::GetParseError_En(done.Code())
    };
}

std::string json_text(const value& is) {
    rj::StringBuffer             out;
    rj::Writer<rj::StringBuffer> writer(out);
    write(writer, is);
    return {out.GetString(), out.GetSize()};
}

}  // namespace falconer

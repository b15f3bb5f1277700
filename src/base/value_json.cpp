// JSON to values and back.
#include "falconer/value.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace falconer {
namespace {

namespace rj = rapidjson;

/// Builds the tree from the parser's events, without recursion.
class builder : public rj::BaseReaderHandler<rj::UTF8<>, builder> {
public:
    bool Null() { return put({}); }
    bool Bool(bool is) { return put(is); }
    bool RawNumber(const char* text, rj::SizeType size, bool) {
        return put(value::number({text, size}));
    }
    bool String(const char* text, rj::SizeType size, bool) { return put(std::string(text, size)); }
    bool Key(const char* text, rj::SizeType size, bool) {
        keys_.back().assign(text, size);
        return true;
    }
    bool StartObject() { return open(value::map()); }
    bool EndObject(rj::SizeType) { return close(); }
    bool StartArray() { return open(value::list()); }
    bool EndArray(rj::SizeType) { return close(); }

    bool  too_deep() const { return too_deep_; }
    value take() { return std::move(whole_); }

private:
    bool open(value empty) {
        too_deep_ = open_.size() >= deepest_value;
        open_.push_back(std::move(empty));
        keys_.emplace_back();
        return !too_deep_;
    }
    bool close() {
        auto done = std::move(open_.back());
        open_.pop_back();
        keys_.pop_back();
        return put(std::move(done));
    }
    bool put(value is) {
        if (open_.empty())
            whole_ = std::move(is);
        else if (open_.back().is_list())
            open_.back().push_back(std::move(is));
        else
            open_.back().add(std::move(keys_.back()), std::move(is));
        return true;
    }

    value                    whole_{};
    std::vector<value>       open_{};
    std::vector<std::string> keys_{};
    bool                     too_deep_ = false;
};

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
    constexpr unsigned how =
        rj::kParseIterativeFlag | rj::kParseNumbersAsStringsFlag | rj::kParseValidateEncodingFlag;
    rj::MemoryStream                                     bytes(text.data(), text.size());
    rj::EncodedInputStream<rj::UTF8<>, rj::MemoryStream> in(bytes);
    rj::Reader                                           reader;
    builder                                              made;
    const auto                                           done = reader.Parse<how>(in, made);
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

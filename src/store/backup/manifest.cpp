#include "manifest.hpp"

#include "packing.hpp"

#include "falconer/value.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <optional>

namespace falconer::store {
namespace {

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::string_view sum_begins = R"(,"sha256":")";
constexpr std::size_t      sum_digits = 64;

std::string sum_of(std::string_view text) {
    running_sum sum;
    sum.add(text);
    return sum.hex();
}

// --- writing ------------------------------------------------------------------------------------

class writer {
public:
    explicit writer(rapidjson::StringBuffer& out) : json_(out) {}

    void text(const char* key, const std::string& value) {
        json_.Key(key);
        json_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    }
    void number(const char* key, std::uint64_t value) {
        json_.Key(key);
        json_.Uint64(value);
    }
    void object(const backup_object& what) {
        json_.StartObject();
        text("name", what.name);
        text("sha256", what.sha256);
        number("bytes", what.bytes);
        number("rows", what.rows);
        json_.EndObject();
    }
    void day(const backup_day& what) {
        json_.StartObject();
        text("day", what.day);
        json_.Key("events");
        object(what.events);
        text("asOf", what.as_of);
        text("table", what.table);
        number("batchesFrom", what.batches_from);
        json_.EndObject();
    }
    void whole(const backup_manifest& what) {
        json_.StartObject();
        number("format", static_cast<std::uint64_t>(what.format));
        number("schema", static_cast<std::uint64_t>(what.schema));
        text("made", what.made);
        text("madeBy", what.made_by);
        text("system", what.system);
        number("timeline", static_cast<std::uint64_t>(what.timeline));
        json_.Key("landscapes");
        json_.StartArray();
        for (const auto& each : what.landscapes)
            json_.String(each.data(), static_cast<rapidjson::SizeType>(each.size()));
        json_.EndArray();
        json_.Key("days");
        json_.StartArray();
        for (const auto& each : what.days) day(each);
        json_.EndArray();
        json_.Key("parts");
        json_.StartObject();
        for (const auto& [name, each] : what.parts) {
            json_.Key(name.c_str());
            object(each);
        }
        json_.EndObject();
        json_.EndObject();
    }

private:
    json_writer json_;
};

// --- reading ------------------------------------------------------------------------------------

/// Notes whatever is missing or of another kind; what is read then is of no use.
class reader {
public:
    bool good() const { return good_; }

    const value* member(const value& of, std::string_view key) {
        const auto* is = of.find(key);
        if (is == nullptr) good_ = false;
        return is;
    }
    std::string text(const value& of, std::string_view key) {
        const auto* is = member(of, key);
        if (is != nullptr && is->is_text()) return *is->text();
        good_ = false;
        return {};
    }
    std::uint64_t number(const value& of, std::string_view key) {
        const auto* is     = member(of, key);
        const auto  number = is != nullptr ? is->integer() : std::nullopt;
        if (number && *number >= 0) return static_cast<std::uint64_t>(*number);
        good_ = false;
        return 0;
    }
    backup_object object(const value* of) {
        backup_object is;
        if (of == nullptr) return is;
        is.name   = text(*of, "name");
        is.sha256 = text(*of, "sha256");
        is.bytes  = number(*of, "bytes");
        is.rows   = number(*of, "rows");
        // It becomes part of a path.
        const auto ours = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                   c == '.';
        };
        if (is.name.empty() || is.name.front() == '.' || !std::ranges::all_of(is.name, ours))
            good_ = false;
        return is;
    }
    backup_day day(const value& of) {
        backup_day is;
        is.day          = text(of, "day");
        is.events       = object(member(of, "events"));
        is.as_of        = text(of, "asOf");
        is.table        = text(of, "table");
        is.batches_from = number(of, "batchesFrom");
        // It becomes part of a statement.
        const auto digit = [](char c) { return c == '-' || (c >= '0' && c <= '9'); };
        if (is.day.size() != 10 || !std::ranges::all_of(is.day, digit)) good_ = false;
        return is;
    }
    backup_manifest whole(const value& of) {
        backup_manifest is;
        is.format   = static_cast<int>(number(of, "format"));
        is.schema   = static_cast<int>(number(of, "schema"));
        is.made     = text(of, "made");
        is.made_by  = text(of, "madeBy");
        is.system   = text(of, "system");
        is.timeline = static_cast<std::int64_t>(number(of, "timeline"));
        if (const auto* all = array(of, "landscapes"))
            for (const auto& each : all->items())
                if (each.is_text()) is.landscapes.emplace_back(*each.text());
        if (const auto* all = array(of, "days"))
            for (const auto& each : all->items()) is.days.push_back(day(each));
        if (const auto* all = member(of, "parts"))
            for (const auto& each : all->entries()) is.parts.emplace(each.key, object(&each.is));
        return is;
    }

private:
    const value* array(const value& of, std::string_view key) {
        const auto* is = member(of, key);
        if (is != nullptr && is->is_list()) return is;
        good_ = false;
        return nullptr;
    }

    bool good_ = true;
};

failure damaged(const char* how) {
    return {errc::malformed, std::string("the manifest is ") + how};
}

}  // namespace

const backup_day* backup_manifest::find(std::string_view day) const {
    const auto at = std::ranges::find(days, day, &backup_day::day);
    return at == days.end() ? nullptr : &*at;
}

std::uint64_t backup_manifest::events() const {
    std::uint64_t all = 0;
    for (const auto& each : days) all += each.events.rows;
    return all;
}

std::uint64_t backup_manifest::bytes() const {
    std::uint64_t all = 0;
    for (const auto& each : days) all += each.events.bytes;
    for (const auto& [name, each] : parts) all += each.bytes;
    return all;
}

bool is_named_by_backup(std::string_view name) {
    constexpr std::string_view unfinished = ".unfinished", digits = "0123456789";
    if (name.ends_with(unfinished)) {
        name.remove_suffix(unfinished.size());
        if (name == manifest_name || name == unfinished_manifest_name) return true;
    }
    const bool             manifest = name.starts_with("manifest-");
    const std::string_view ending   = manifest ? ".json" : ".gz";
    if (!name.ends_with(ending)) return false;
    name.remove_suffix(ending.size());
    // "-20261130t100000", and the moment's number.
    constexpr std::size_t when = 16;
    const auto            dash = name.find_last_not_of(digits);
    if (dash == name.npos || name[dash] != '-' || dash + 1 == name.size() || dash <= when)
        return false;
    const auto made       = name.substr(dash - when, when);
    const auto all_digits = [&](std::string_view text) {
        return text.find_first_not_of(digits) == text.npos;
    };
    return made[0] == '-' && all_digits(made.substr(1, 8)) && made[9] == 't' &&
           all_digits(made.substr(10));
}

std::string text_of(const backup_manifest& what) {
    rapidjson::StringBuffer out;
    writer(out).whole(what);
    std::string text(out.GetString(), out.GetSize());
    text.pop_back();  // the brace, which comes back behind the sum
    const auto sum = sum_of(text);
    return text.append(sum_begins).append(sum).append("\"}\n");
}

result<backup_manifest> parse_manifest(std::string_view text) {
    const auto at = text.rfind(sum_begins);
    if (at == text.npos || text.size() != at + sum_begins.size() + sum_digits + 3)
        return damaged("cut short, or none of Falconer's");
    if (!text.ends_with("\"}\n") ||
        sum_of(text.substr(0, at)) != text.substr(at + sum_begins.size(), sum_digits))
        return damaged("damaged: it is not what its sum says");
    const auto document = parse_json(text);
    if (!document) return damaged("no JSON");
    reader     in;
    const auto format = in.number(*document, "format");
    if (in.good() && format > static_cast<std::uint64_t>(backup_format))
        return failure{
            errc::conflict, "the backup has format " + std::to_string(format) +
                                ", this program knows format " + std::to_string(backup_format) +
                                ": use the newer falconer"
        };
    auto is = in.whole(*document);
    if (!in.good()) return damaged("none of Falconer's");
    return is;
}

}  // namespace falconer::store
